import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';
import type { ErrorEnvelope, RefusalReason } from '@pipecat-cloud/contract/errors';
import { redact } from '@pipecat-cloud/contract/token-format';
import { CliError, type ExitCode, exitCodes } from './errors.js';
import type { Setting, Settings } from './settings.js';
import { clean } from './text.js';

/** A failure as the user sees it: what happened and why, then what to do, and what a script acts on. */
export interface Report {
  exit: ExitCode;
  error: string;
  code: string;
  reason?: string;
  hint?: string;
  /** Where to read or mend it: an address in the dashboard. */
  help?: string;
}

export interface Known {
  settings?: Settings;
  organization?: Setting;
  /** What the last client was made with, unless it was typed in for this command. */
  credential?: Credential;
}

/** What a request shows for itself, and where on this machine it came from. */
export interface Credential {
  kind: 'token' | 'key';
  from: string;
}

/** The one place that turns failures into messages and exit codes. */
export function describeError(error: unknown, known: Known = {}): Report {
  const report = describe(error, known);
  const safe = (text: string) => redact(clean(text));
  return {
    ...report,
    error: safe(report.error),
    ...(report.hint === undefined ? {} : { hint: safe(report.hint) }),
  };
}

function describe(error: unknown, known: Known): Report {
  if (error instanceof CliError) {
    const { exit, message, code, reason, hint } = error;
    return { exit, error: message, code, ...(reason ? { reason } : {}), ...(hint ? { hint } : {}) };
  }
  if (error instanceof ApiError) return describeApiError(error, known);
  if (error instanceof NetworkError) return describeNetworkError(error, known);
  const message = error instanceof Error ? error.message : String(error);
  return {
    exit: exitCodes.failed,
    error: `Unexpected failure: ${message}`,
    code: 'UNEXPECTED',
    hint: 'This is a bug. Run it again with PIPECAT_CLI_LOG_LEVEL=DEBUG to see where it happened, and report that.',
  };
}

function describeApiError(error: ApiError, known: Known): Report {
  const { body, status } = error;
  const exit = error.fromApi ? exitOf(status, body) : exitCodes.unavailable;
  const hint = error.fromApi ? hintFor(exit, body, known) : apiHostHint(known);
  return {
    exit,
    error: body.error,
    code: body.code,
    ...(body.reason ? { reason: body.reason } : {}),
    ...(hint ? { hint } : {}),
    ...(error.fromApi && body.help ? { help: body.help } : {}),
  };
}

/** Every reason that the contract knows: a new one doesn't compile until it has its exit code here. */
const exitOfReason: Record<RefusalReason, ExitCode> = {
  no_credential: exitCodes.noCredential,
  malformed_token: exitCodes.credentialRejected,
  unknown_token: exitCodes.credentialRejected,
  expired_token: exitCodes.credentialRejected,
  revoked_token: exitCodes.credentialRejected,
  wrong_organization: exitCodes.wrongOrganization,
  address_not_allowed: exitCodes.forbidden,
  blocked_by_policy: exitCodes.forbidden,
  missing_permission: exitCodes.forbidden,
  wrong_credential_kind: exitCodes.forbidden,
  recent_sign_in_required: exitCodes.forbidden,
  second_factor_required: exitCodes.forbidden,
};

/** Undefined for a reason that came into the contract later. */
export function exitOfRefusal(reason: string | undefined): ExitCode | undefined {
  return reason !== undefined && Object.hasOwn(exitOfReason, reason)
    ? exitOfReason[reason as RefusalReason]
    : undefined;
}

/** Exit codes by status, refined by what the envelope says (credentials design: what a pipeline can act on). */
export function exitOf(status: number, body: Pick<ErrorEnvelope, 'code' | 'reason'>): ExitCode {
  if (status === 401) return exitOfRefusal(body.reason) ?? exitCodes.credentialRejected;
  if (status === 403) return exitOfRefusal(body.reason) ?? exitCodes.forbidden;
  if (status === 404) return exitCodes.notFound;
  if (status === 409 || body.code === 'PCC-1001') return exitCodes.conflict;
  if (status === 408 || status === 504) return exitCodes.timedOut;
  if (status === 429) return exitCodes.atCapacity;
  return status >= 500 ? exitCodes.unavailable : exitCodes.failed;
}

/** What the server can't know: where the refused value came from on this machine. */
function hintFor(
  exit: ExitCode,
  body: ErrorEnvelope,
  { settings, organization, credential }: Known,
): string | undefined {
  const more = body.help ? `See ${body.help}` : undefined;
  const join = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(' ') || undefined;
  const credentialFrom = credential && `The ${credential.kind} came from ${credential.from}`;
  const hostFrom = settings && `the API host ${settings.apiHost.value} from ${settings.apiHost.from}`;
  if (exit === exitCodes.credentialRejected || exit === exitCodes.noCredential) {
    return join(credentialFrom && hostFrom && `${credentialFrom}, ${hostFrom}.`, more);
  }
  if (exit === exitCodes.wrongOrganization && organization) {
    const other =
      organization.source === 'flag' ? 'Pass another with --organization' : 'Set PIPECAT_ORG or pass --organization';
    return join(
      `The organization '${organization.value}' came from ${organization.from}. ${other}; 'organizations list' shows those that the token reaches.`,
      more,
    );
  }
  if (body.reason === 'wrong_credential_kind' || body.reason === 'address_not_allowed') {
    return join(credentialFrom && `${credentialFrom}.`, more);
  }
  if (body.code === 'SPEND_LIMIT_REACHED') {
    return join('See: pipecat cloud spend-limit show. An admin raises it: pipecat cloud spend-limit set AMOUNT', more);
  }
  if (body.reason === 'missing_permission') {
    return join("'auth status' shows what the token may do.", more);
  }
  return more;
}

function describeNetworkError(error: NetworkError, known: Known): Report {
  if (error.timedOut) {
    return {
      exit: exitCodes.timedOut,
      error: `${error.message}.`,
      code: 'TIMEOUT',
      hint: 'Try again; what was asked for may have been done all the same.',
    };
  }
  const why = networkReason(error);
  const host = known.settings?.apiHost;
  const hint =
    why.hint ??
    (host?.source === 'default'
      ? `${apiHostHint(known)} To start an installation on this machine: npm start`
      : apiHostHint(known));
  return {
    exit: exitCodes.unavailable,
    error: why.text ? `${error.message}: ${why.text}.` : `${error.message}.`,
    code: 'NETWORK',
    ...(hint ? { hint } : {}),
  };
}

function apiHostHint({ settings }: Known): string | undefined {
  const host = settings?.apiHost;
  return host && `The API host ${host.value} came from ${host.from}; PIPECAT_API_HOST sets another.`;
}

/** The cause behind fetch's "fetch failed": the first one down the chain that has a name. */
function networkReason(error: NetworkError): { text?: string; hint?: string } {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const text = code ? networkReasons[code] : undefined;
    if (text) return { text };
    if (/wrong version number|packet length too long/.test(message)) {
      return {
        text: 'it does not speak TLS',
        hint: 'Is it http:// instead of https://? PIPECAT_API_HOST sets the address.',
      };
    }
    if (code && /CERT|SELF_SIGNED|ALTNAME|SSL|TLS/.test(code)) {
      return {
        text: `its certificate is not trusted (${message})`,
        hint: 'Give Node.js the authority that signed it: NODE_EXTRA_CA_CERTS=/path/ca.pem',
      };
    }
    if (/redirect/.test(message)) {
      return {
        text: 'it redirects elsewhere',
        hint: 'A token is never sent after a redirect: set PIPECAT_API_HOST to the final address (https instead of http?).',
      };
    }
    if (cause.cause === undefined && message !== 'fetch failed') return { text: code ?? message };
  }
  return {};
}

const networkReasons: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'its name is unknown (DNS)',
  EAI_AGAIN: 'its name could not be looked up (DNS); is this machine online?',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENETUNREACH: 'this machine has no route to it',
  EHOSTUNREACH: 'this machine has no route to it',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
};
