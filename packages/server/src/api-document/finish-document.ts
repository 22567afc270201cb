import { operations } from '@pipecat-cloud/contract/operations';
import { responseOf, sharedResponses, statusesOf } from './answers.js';
import type { ApiDocument, OperationObject, Parameter, Schema } from './document.js';
import { bodyExamples, exampleOf, parameterExamples } from './examples.js';
import { contractSchemas, inlineSchemas, shareSchemas } from './shared-schemas.js';

/** Completes what the routes' schemas gave: every status, examples, shared schemas, words for parameters. */
export async function finishDocument(document: ApiDocument): Promise<ApiDocument> {
  inlineSchemas(document);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      complete(path, method, operation);
    }
  }
  shareSchemas(document, await contractSchemas());
  document.components.responses = sharedResponses();
  return document;
}

function complete(path: string, method: string, operation: OperationObject): void {
  const key = keyOf(path, method);
  const { id } = operations[key] ?? { id: '' };
  // One route for all methods: each needs a name of its own.
  operation.operationId ??= `${id}${method[0]?.toUpperCase()}${method.slice(1)}`;
  addPathParameters(path, operation);
  for (const parameter of operation.parameters ?? []) describeParameter(parameter);
  if (operation.requestBody) completeBody(operation.requestBody, id, operation.tags?.[0]);
  describeSuccess(key, operation);
  for (const status of statusesOf(key)) operation.responses[status] = responseOf(path, status);
}

/** As the table of operations names the route. */
export function keyOf(path: string, method: string): string {
  const url = path.replace(/\{(\w+)\}/g, ':$1');
  const candidates = [url, url.replace(/:path$/, '*')].flatMap((each) => [
    `${method.toUpperCase()} ${each}`,
    `ANY ${each}`,
  ]);
  return candidates.find((each) => each in operations) ?? '';
}

/** Those that the route's schema leaves out, because a hook reads them. */
function addPathParameters(path: string, operation: OperationObject): void {
  const given = operation.parameters ?? [];
  const missing = [...path.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name ?? '')
    .filter((name) => !given.some((each) => each.in === 'path' && each.name === name));
  if (missing.length === 0) return;
  const added = missing.map((name): Parameter => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  operation.parameters = [...added, ...given];
}

function describeParameter(parameter: Parameter): void {
  if (parameter.in !== 'path') return;
  const known = parameterExamples[parameter.name];
  if (!known) throw new Error(`The path parameter '${parameter.name}' has no words: add them to examples.ts`);
  parameter.description ??= known.description;
  parameter.example ??= known.example;
}

function completeBody(body: NonNullable<OperationObject['requestBody']>, id: string, tag?: string): void {
  for (const media of Object.values(body.content)) {
    const schema = media.schema ?? {};
    const choices = schema.anyOf as { type?: string }[] | undefined;
    // A body that may be left out is written as "or null"; clients send none.
    if (choices?.length === 2 && choices[1]?.type === 'null') {
      media.schema = choices[0] ?? {};
      body.required = false;
    }
    media.example = bodyExamples[id] ?? exampleOf(media.schema ?? {}, tag);
  }
}

/** Answers that come piece by piece. Of an event stream the schema describes each event, as OpenAPI before 3.2 has it. */
const streams: Readonly<Record<string, { type: string; schema: Schema }>> = {
  exportAudit: { type: 'application/x-ndjson', schema: { type: 'string', description: 'One JSON object a line' } },
  followLogs: {
    type: 'text/event-stream',
    schema: {
      type: 'object',
      required: ['data'],
      properties: {
        event: {
          type: 'string',
          // One without a name is a `message` (HTML, server-sent events, section 9.2.6).
          enum: ['message', 'gap', 'end'],
          description:
            '`message`, which is not written: a line; `gap`: lines before were given up; `end`: the session that was followed has ended',
        },
        id: { type: 'string', description: 'The cursor of the line, for `Last-Event-ID` or `after`' },
        data: { type: 'string', description: 'Of a line: a LogEntry as JSON; `{}` otherwise' },
      },
    },
  },
  metrics: { type: 'text/plain', schema: { type: 'string', description: 'The text format of Prometheus' } },
};

function describeSuccess(key: string, operation: OperationObject): void {
  const { id = '', also = [] } = operations[key] ?? {};
  if (key.startsWith('ANY ')) {
    operation.responses = {
      default: { description: "The agent's own answer, of any status and type", content: { '*/*': {} } },
    };
    return;
  }
  const redirects = also.some((status) => status < 400);
  if (redirects) {
    operation.responses = {};
    return;
  }
  const successes = Object.entries(operation.responses).filter(([status]) => /^2\d\d$/.test(status));
  const described = successes.filter(([, { content }]) => content !== undefined);
  operation.responses = Object.fromEntries(described.length > 0 ? described : [['200', { content: {} }]]);
  for (const [status, response] of Object.entries(operation.responses)) {
    response.description = status === '201' ? 'Made' : 'Done';
    const stream = streams[id];
    if (stream) response.content = { [stream.type]: { schema: stream.schema } };
    else if (described.length === 0) response.content = { 'application/json': { schema: { type: 'object' } } };
    for (const [type, media] of Object.entries(response.content ?? {})) {
      if (type === 'application/json') media.example = exampleOf(media.schema ?? {}, operation.tags?.[0]);
    }
  }
}
