import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';

/** The published description of the private REST API, where somebody has put it beside the checkout. It is not ours to copy. */
const file = fileURLToPath(new URL('../../../../../shared/reference/rest-openapi.json', import.meta.url));

/** Why answers cannot be judged here; undefined where they can. */
export const publishedApiLacking = existsSync(file)
  ? undefined
  : 'the published description, ../shared/reference/rest-openapi.json, is not beside this checkout';

interface Answer {
  method: string;
  url: string;
  status: number;
  body: unknown;
}
export interface Judgement {
  name: string;
  documented: boolean;
  breaches: string[];
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

const formats: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  uri: /^[a-z][a-z0-9+.-]*:\S+$/i,
};

/** OpenAPI 3.0 says `nullable` where JSON Schema names the type null. */
function toJsonSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(toJsonSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = schema;
  const plain = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, toJsonSchema(value)]));
  return nullable === true ? { anyOf: [{ type: 'null' }, plain] } : plain;
}

/** Judges answers by the published description. Create it only where that is there. */
export function createPublishedApi() {
  const published = JSON.parse(readFileSync(file, 'utf8')) as JsonObject;
  const document = toJsonSchema(published) as JsonObject;
  const ajv = new Ajv({ strict: false, allErrors: true, formats });
  ajv.addSchema(document, 'published');
  const compiled = new Map<string, ValidateFunction | undefined>();
  const paths = (document.paths ?? {}) as { [path: string]: { [method: string]: JsonObject } };
  const operations = Object.entries(paths)
    .filter(([path]) => !/^\/\{[^}]+\}\/(start|sessions)/.test(path)) // The public API, which has a server of its own.
    .flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => ['get', 'put', 'post', 'patch', 'delete'].includes(method))
        .map(([method, operation]) => ({
          path,
          method: method.toUpperCase(),
          pattern: new RegExp(`^/v1${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
          statuses: Object.keys(operation.responses as JsonObject),
        })),
    );

  /** A path that is written out goes before one with a parameter in the same place. */
  function operationOf(method: string, url: string) {
    const [path = ''] = url.split('?');
    const found = operations.filter((one) => one.method === method && one.pattern.test(path));
    return found.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  }

  function validatorOf(method: string, path: string, status: string): ValidateFunction | undefined {
    const name = `${method} ${path} ${status}`;
    if (!compiled.has(name)) {
      const at = ['paths', path, method.toLowerCase(), 'responses', status].map(pointerPart).join('/');
      const response = resolve(document, `#/${at}`);
      const hasSchema = response.content !== undefined;
      const pointer = response.$ref ? String(response.$ref).slice(1) : `/${at}`;
      compiled.set(
        name,
        hasSchema || response.$ref
          ? ajv.compile({ $ref: `published#${pointer}/content/application~1json/schema` })
          : undefined,
      );
    }
    return compiled.get(name);
  }

  const envelope = ajv.compile({ $ref: 'published#/components/schemas/ErrorResponse' });

  return {
    /** Every operation with every status that it is documented to answer. */
    documented: operations.flatMap(({ method, path, statuses }) =>
      statuses.map((status) => `${method} ${path} ${status}`),
    ),

    /**
     * What is wrong with an answer, whether its status stands in the description of its operation, and its name there. A refusal
     * that does not stand there is held to the envelope of errors all the same. Undefined for a route of another API.
     */
    judge({ method, url, status, body }: Answer): Judgement | undefined {
      const operation = operationOf(method, url);
      if (!operation) return undefined;
      const name = `${method} ${operation.path} ${status}`;
      const documented = operation.statuses.includes(String(status));
      const validate = documented ? validatorOf(method, operation.path, String(status)) : envelope;
      const breaches =
        !validate || validate(body)
          ? []
          : (validate.errors ?? []).map(({ instancePath, message }) => `${name}: ${instancePath} ${message}`);
      return { name, documented, breaches };
    },
  };
}
export type PublishedApi = ReturnType<typeof createPublishedApi>;

const pointerPart = (text: string) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));

function resolve(document: JsonObject, pointer: string): JsonObject {
  return pointer
    .slice(2)
    .split('/')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json>((at, part) => (at as JsonObject)[part] ?? {}, document) as JsonObject;
}
