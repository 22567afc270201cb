import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, Health } from '@pipecat-cloud/contract/errors';
import { Ajv } from 'ajv';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import { standby } from '../errors.js';
import { createAnswerWriter } from './answer-writer.js';
import { addBodyDeadline } from './body-deadline.js';
import { handleError, notFoundHandler } from './error-handler.js';
import type { Certificate } from './tls.js';

/** Bodies are JSON of deploys, secrets and session starts; uploads have a limit of their own. */
const bodyLimitBytes = 2 * 1024 * 1024;

interface HttpOptions {
  /** Serve https with it. */
  certificate?: Certificate | undefined;
  /** Whose forwarding headers are believed; nobody's by default. */
  trustedProxies?: readonly string[];
  bodyDeadlineMs?: number | undefined;
}

/**
 * Clients offer other protocols with ordinary requests, as `h2c`; a server that has none of them answers as if they had not (RFC 9110
 * §7.8). Before Node.js 24.9 nobody asks this, and such a request is refused as an upgrade.
 */
const shouldUpgradeCallback = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase().includes('websocket') === true;

/** The Fastify instance before any route: limits, validation, errors, headers that every answer carries. */
export function createHttp(
  logger: Logger,
  { certificate, trustedProxies = [], bodyDeadlineMs }: HttpOptions = {},
): FastifyInstance {
  const app = Fastify({
    ...(certificate
      ? { https: { ...certificate, minVersion: 'TLSv1.2' as const, shouldUpgradeCallback } }
      : { http: { shouldUpgradeCallback } }),
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    loggerInstance: logger,
    // One line of our own, below.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    // Bodies that are gathered have a deadline, below; those that are passed on have none.
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 500 },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setValidatorCompiler(({ schema, httpPart }) =>
    validatorOf(httpPart === 'body' ? bodyValidators : queryValidators, schema as object),
  );
  app.setSerializerCompiler(({ schema }) => serializerOf(schema as object) as (data: unknown) => string);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(notFoundHandler);
  // Not the library's: what it makes of a plain text is no object, and a page of any origin may send one without being asked.
  app.removeContentTypeParser('text/plain');
  // An empty body with a JSON content type is what some clients send with DELETE and `/start`.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') return done(null, undefined);
    try {
      done(null, JSON.parse(text as string));
    } catch {
      done(Object.assign(new Error('The body is not valid JSON'), { statusCode: 400 }));
    }
  });
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('pipecat-request-id', request.id);
    void reply.header('x-content-type-options', 'nosniff');
    // Node's parser stops behind an upgrade that it does not make: what came with it would be lost.
    if (request.headers.upgrade !== undefined) void reply.header('connection', 'close');
    done();
  });
  addBodyDeadline(app as unknown as FastifyInstance, bodyDeadlineMs);
  app.addHook('onResponse', (request, reply, done) => {
    done();
    if (!logger.isLevelEnabled('debug')) return;
    const { method, routeOptions } = request;
    request.log.debug(
      { method, route: routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
  });
  return app as unknown as FastifyInstance;
}

/**
 * Makes something of a schema once for all routes with the same: most of them answer nothing in most processes, and the envelope of
 * errors stands in each twice.
 */
function oncePerSchema<T>(make: (schema: object) => T): (schema: object) => T {
  const made = new Map<string, T>();
  return (schema) => {
    const key = JSON.stringify(schema);
    const known = made.get(key) ?? make(schema);
    made.set(key, known);
    return known;
  };
}

// Verbose: a refusal names what there is instead.
const validation = { useDefaults: true, removeAdditional: false, allErrors: false, verbose: true } as const;
// Bodies are taken at their word: "5" is not a number. Query strings are text, so they are converted.
const bodies = new Ajv({ ...validation, coerceTypes: false });
const queries = new Ajv({ ...validation, coerceTypes: 'array' });
const bodyValidators = oncePerSchema((schema) => bodies.compile(schema));
const queryValidators = oncePerSchema((schema) => queries.compile(schema));
type Validator = ReturnType<Ajv['compile']>;

/** Made at a route's first request, as serializers are at its first answer. Leaves its errors where Fastify looks for them. */
function validatorOf(validatorFor: (schema: object) => Validator, schema: object) {
  let compiled: Validator | undefined;
  const validate = Object.assign(
    (data: unknown) => {
      compiled ??= validatorFor(schema);
      const valid = compiled(data) === true;
      validate.errors = compiled.errors ?? null;
      return valid;
    },
    { errors: null as NonNullable<Validator['errors']> | null },
  );
  return validate;
}

/** From here on two writes, of head and body, take less time than to put them into one text. */
const longAnswer = 16_384;
const serializers = oncePerSchema(createAnswerWriter);
/** Writes answers by their schema. */
function serializerOf(schema: object): (data: unknown) => string | Buffer {
  let serializer: ((data: unknown) => string) | undefined;
  return (data) => {
    serializer ??= serializers(schema);
    return inBytes(serializer(data));
  };
}

/** Bytes, where they are those of the text in the simplest of encodings: of a page of a list they take half of the time to send. */
function inBytes(text: string): string | Buffer {
  return text.length > longAnswer && Buffer.byteLength(text) === text.length ? Buffer.from(text, 'latin1') : text;
}

/** `/livez`: the process answers. `/readyz`: so does its database. `/leaderz`: and this is the control plane that runs the agents. */
export function addHealthRoutes(app: FastifyInstance, store: Store, leads: () => boolean): void {
  const schema = { response: { 200: Health, 503: ErrorEnvelope } };
  app.get('/livez', { schema }, async () => ({ status: 'ok' }));
  app.get('/leaderz', { schema }, async () => {
    if (!leads()) throw standby();
    return { status: 'ok' };
  });
  app.get('/readyz', { schema }, async (_request, reply) => {
    try {
      await store.ping();
      return { status: 'ok' };
    } catch {
      return reply.status(503).send({ error: 'The database does not answer', code: '503' });
    }
  });
}
