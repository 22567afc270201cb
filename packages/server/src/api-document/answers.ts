import { operations } from '@pipecat-cloud/contract/operations';
import { routeAccess } from '@pipecat-cloud/contract/permissions';
import type { MediaType, Response } from './document.js';

/** What each status means on every route that answers it. */
const meanings: Readonly<Record<number, { text: string; code: string; error: string; reason?: string }>> = {
  400: {
    text: 'The request is not valid; the sentence names the member and the rule',
    code: 'GENERIC_BAD_REQUEST',
    error: "body: 'serviceName' is missing",
  },
  401: {
    text: 'No credential, or one that is not accepted; `reason` says why',
    code: '401',
    error: "The token 'ci' expired on 2026-01-31. Make a new one at https://pipecat.example.com/account/tokens",
    reason: 'expired_token',
  },
  402: {
    text: 'The spend limit is reached',
    code: 'SPEND_LIMIT_REACHED',
    error: 'The spend limit of my-team is reached; an admin can raise it',
  },
  403: {
    text: 'The credential is good, and this is not for it; `reason` says why',
    code: '403',
    error:
      'This needs the permission agents:deploy, which this credential lacks: its owner can make a token that has it',
    reason: 'missing_permission',
  },
  404: { text: 'Not there, or not visible to the caller', code: '404', error: "Agent 'my-agent' not found" },
  408: {
    text: 'The body did not arrive in time',
    code: '408',
    error: 'The body of the request did not arrive within 30 s',
  },
  409: {
    text: 'In conflict with what is there',
    code: 'CONFLICT',
    error: 'my-agent was changed meanwhile; read it again and repeat',
  },
  410: {
    text: 'Over: used, revoked or too old',
    code: '410',
    error: 'This code is used or too old; ask for a new one',
  },
  412: {
    text: 'What the request was made conditional on is not so; nothing was changed',
    code: '412',
    error: "There is no secret set 'prod', and nothing was kept: it was deleted, or never made",
  },
  413: { text: 'The body is too large', code: '413', error: 'The request body is too large for this endpoint' },
  414: { text: 'The address is too long', code: '414', error: 'The URL is too long' },
  415: {
    text: 'The body is of another type than this route takes',
    code: '415',
    error: 'This endpoint takes Content-Type: application/json',
  },
  422: {
    text: 'The idempotency key came with another request before; nothing was started',
    code: 'IDEMPOTENCY_KEY_REUSED',
    error: "Idempotency-Key 'call-7' came with another request before, so nothing was started",
  },
  429: {
    text: 'Too many failed attempts from this address, or every instance holds a session; `Retry-After` says how long to wait',
    code: '429',
    error: 'Too many failed attempts from 192.0.2.7; wait 60 seconds',
  },
  500: { text: 'A fault of the server; its log has the request id', code: '500', error: 'Internal server error' },
  502: {
    text: 'The agent did not answer',
    code: '502',
    error: 'The agent of session 639f91d8-0000-4000-8000-00000000f001 did not answer',
  },
  503: {
    text: 'The database or the disk can take nothing at the moment and nothing was changed, or no worker can run the agent',
    code: '503',
    error: 'The database is busy: nothing was changed. Try again',
  },
};
const withoutBody: Readonly<Record<number, string>> = { 204: 'Nothing more to say', 303: 'Go on there' };

const errorSchema = { $ref: '#/components/schemas/Error' };
const oauthErrorSchema = { $ref: '#/components/schemas/OauthError' };

/** The answers that operations refer to: `#/components/responses/409`, and those of the OAuth protocol's own routes. */
export function sharedResponses(): Record<string, Response> {
  const entries = Object.entries(meanings).map(([status, { text, code, error, reason }]): [string, Response] => {
    const example = { error, code, ...(reason ? { reason } : {}) };
    const headers =
      status === '429' ? { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } } : undefined;
    return [
      status,
      { description: text, ...(headers ? { headers } : {}), content: json({ schema: errorSchema, example }) },
    ];
  });
  const oauth: Response = {
    description: 'As RFC 6749 has it',
    content: json({
      schema: { anyOf: [oauthErrorSchema, errorSchema] },
      example: { error: 'invalid_grant', error_description: 'grant request is invalid' },
    }),
  };
  return Object.fromEntries([...entries, ['Oauth', oauth]]);
}

const json = (body: MediaType): Record<string, MediaType> => ({ 'application/json': body });

/** Every status beyond success that a route can answer: by its credential, its address and method, and what its operation names. */
export function statusesOf(key: string): number[] {
  const [method = '', url = ''] = key.split(' ');
  const access = routeAccess[key];
  const operation = operations[key];
  if (!access || !operation || method === 'ANY') return [];
  const writes = !['GET', 'OPTIONS'].includes(method);
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name]) => name);
  return [
    ...new Set([
      ...operation.also,
      ...(writes || names.length > 0 ? [400] : []),
      ...(access.kinds.length > 0 ? [401, 403, 429] : []),
      ...(names.some((name) => name !== 'org') ? [404] : []),
      ...(writes ? [408, 413, 415] : []),
      ...(url === '/livez' || method === 'OPTIONS' ? [] : [500, 503]),
    ]),
  ].sort((a, b) => a - b);
}

export function responseOf(path: string, status: number): Response {
  const text = withoutBody[status];
  if (text !== undefined) return { description: text };
  if (!meanings[status]) throw new Error(`The status ${status} has no meaning: add it to answers.ts`);
  if (path.startsWith('/oauth/authorize') && status === 400)
    return { description: 'A page that says what is wrong', content: { 'text/html': {} } };
  const oauth = /^\/oauth\/(token|device\/code|revoke)$/.test(path) && (status === 400 || status === 401);
  return { $ref: `#/components/responses/${oauth ? 'Oauth' : status}` };
}
