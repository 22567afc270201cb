import { type Client, NetworkError } from '@pipecat-cloud/contract/client';
import { CliError, exitCodes } from '../errors.js';
import { httpFetch } from '../http-fetch.js';
import { isOpenToOthers } from '../store-credentials.js';
import { userAgent } from '../version.js';

export interface Issuer {
  issuer: string;
  clientId: string;
  scopes: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  deviceEndpoint: string | undefined;
  /** It names itself in its answers (RFC 9207), so an answer without its name is none of its. */
  namesItself: boolean;
}

const timeoutMs = 30_000;

/**
 * Asks the API who signs people in, and that issuer where its endpoints are (contract §3.2, §3.3). Throws where a document says
 * another issuer than was asked, an endpoint would carry tokens in the open, or PKCE with S256 is missing.
 */
export async function findIssuer(api: Client): Promise<Issuer> {
  const config = await api.request<Record<string, unknown>>('GET', '/auth/config');
  const { issuer, client_id: clientId, scopes } = config;
  if (typeof issuer !== 'string' || typeof clientId !== 'string' || typeof scopes !== 'string')
    throw unusable('The API does not say how to sign in.');
  const { status, body } = await fetchJson(`${issuer}/.well-known/openid-configuration`, {});
  if (status !== 200 || !body) throw unusable(`${issuer} has no discovery document (status ${status}).`);
  if (body.issuer !== issuer)
    throw unusable(`The API names the issuer ${issuer}, whose document says ${String(body.issuer)}.`);
  requireEntry(body.code_challenge_methods_supported, 'S256', issuer);
  requireEntry(body.response_types_supported, 'code', issuer);
  const endpoint = (name: string): string => {
    const value = body[name];
    if (typeof value !== 'string' || !/^https?:\/\//.test(value)) throw unusable(`${issuer} names no ${name}.`);
    if (isOpenToOthers(new URL(value).origin))
      throw unusable(`The ${name} of ${issuer} is not encrypted: anyone on the way could read the tokens.`);
    return value;
  };
  return {
    issuer,
    clientId,
    scopes,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    deviceEndpoint:
      body.device_authorization_endpoint === undefined ? undefined : endpoint('device_authorization_endpoint'),
    namesItself: body.authorization_response_iss_parameter_supported === true,
  };
}

function requireEntry(list: unknown, entry: string, issuer: string): void {
  if (list === undefined || (Array.isArray(list) && list.includes(entry))) return;
  throw unusable(`${issuer} does not support ${entry}.`);
}

const unusable = (message: string) =>
  new CliError(message, {
    exit: exitCodes.unavailable,
    code: 'SIGN_IN_UNAVAILABLE',
    hint: 'Check the API host, or sign in with a token: pipecat cloud auth use-pat',
  });

export interface JsonAnswer {
  status: number;
  /** Undefined where it is no JSON object. */
  body: Record<string, unknown> | undefined;
}

/** One request; a form is posted. Throws `NetworkError`. */
export async function fetchJson(url: string, { form }: { form?: Record<string, string> }): Promise<JsonAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await httpFetch(url, {
      signal,
      redirect: 'error',
      method: form ? 'POST' : 'GET',
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { body: new URLSearchParams(form).toString() } : {}),
    });
    return { status: response.status, body: objectOf(await response.text()) };
  } catch (cause) {
    throw new NetworkError(new URL(url).origin, signal.aborted, cause);
  }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
