import type { Client } from '@pipecat-cloud/contract/client';
import { kindOf, maskToken } from '@pipecat-cloud/contract/token-format';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { notFound, usageError } from '../../lib/errors.js';
import { findServiceAccount } from '../service-accounts/find.js';
import { hasEnded, lastUseText, nameWithId } from './token-view.js';

/** The tokens that a command is about: the caller's own, those of one service account, or all that reach the organization. */
export type Scope =
  | { kind: 'own' }
  | { kind: 'serviceAccount'; org: string; id: string; name: string }
  | { kind: 'organization'; org: string };

export interface ScopeOptions {
  serviceAccount?: string;
  all?: boolean;
}

export async function scopeOf(context: CommandContext, api: Client, options: ScopeOptions): Promise<Scope> {
  if (options.all && options.serviceAccount !== undefined)
    throw usageError('Give --all or --service-account, not both.');
  if (options.all) return { kind: 'organization', org: await context.org() };
  if (options.serviceAccount === undefined) return { kind: 'own' };
  const org = await context.org();
  const { id, name } = await findServiceAccount(api, org, options.serviceAccount);
  return { kind: 'serviceAccount', org, id, name };
}

export async function tokensIn(api: Client, scope: Scope): Promise<Token[]> {
  if (scope.kind === 'own') return (await api.listTokens()).tokens;
  if (scope.kind === 'organization') return (await api.listOrganizationTokens(scope.org)).tokens;
  return (await api.listServiceAccountTokens(scope.org, scope.id)).tokens;
}

/**
 * The token that somebody means by an id, the unique beginning of one, or a unique name. An id goes before a name, a name
 * before a beginning, and live tokens before ended ones. Says on stderr which one it took unless
 * the id was given whole, or `quiet` because the command shows it anyway. `prefer` decides between several.
 */
export async function findToken(
  context: CommandContext,
  api: Client,
  scope: Scope,
  wanted: string,
  { quiet = false, prefer = () => true }: { quiet?: boolean; prefer?(token: Token): boolean } = {},
): Promise<Token> {
  if (kindOf(wanted)) {
    throw usageError(
      "That is a token's value, not its id.",
      "'token list' shows the ids. The value is in the shell's history now and was in process lists: replace that token.",
    );
  }
  const tokens = await tokensIn(api, scope);
  const matching = pick(tokens, wanted);
  const preferred = matching.filter(prefer);
  const found = preferred.length > 0 ? preferred : matching;
  if (found.length === 0) throw noToken(scope, wanted);
  const [token, ...others] = found;
  if (!token || others.length > 0) {
    throw usageError(
      `'${wanted}' could be any of ${found.length} tokens; give more of the id.`,
      found.map((one) => `  ${one.id}  ${one.name}, ${one.state}, ${lastUseText(one)}`).join('\n'),
    );
  }
  if (token.id !== wanted && !quiet)
    context.note(context.colours.dim(`'${wanted}' is the token ${nameWithId(token)}.`));
  return token;
}

export function pick(tokens: readonly Token[], wanted: string): readonly Token[] {
  const whole = tokens.filter(({ id }) => id === wanted);
  if (whole.length > 0) return whole;
  const named = liveFirst(tokens.filter(({ name }) => name === wanted));
  if (named.length > 0) return named;
  // Fewer characters would match by accident.
  return wanted.length < 4 ? [] : liveFirst(tokens.filter(({ id }) => id.startsWith(wanted.toLowerCase())));
}

/** True when the command is about the token that it runs with, by the word or by its id. */
export async function isSelf(context: CommandContext, api: Client, token: Token | 'self'): Promise<boolean> {
  if (token === 'self') return true;
  const inUse = (await context.settings()).token?.value ?? '';
  // The mask is cheap and almost sure; asking makes it certain.
  if (maskToken(inUse) !== token.masked || !isToken(inUse)) return false;
  return (await api.describeToken()).token.id === token.id;
}

/** `self` is a token; a sign-in is none, and its refusal would not say what to do instead. */
export async function checkSelf(context: CommandContext, instead: string): Promise<void> {
  const inUse = (await context.settings()).token?.value;
  if (!inUse || isToken(inUse)) return;
  throw usageError(`You are signed in without a token, so there is no 'self'.`, instead);
}

const isToken = (value: string) => {
  const kind = kindOf(value);
  return kind === 'personal' || kind === 'serviceAccount' || kind === 'ci';
};

function liveFirst(found: readonly Token[]): readonly Token[] {
  const live = found.filter((token) => !hasEnded(token));
  return live.length > 0 ? live : found;
}

function noToken(scope: Scope, wanted: string) {
  const where =
    scope.kind === 'own'
      ? 'Among your own tokens'
      : scope.kind === 'serviceAccount'
        ? `Among the tokens of the service account ${scope.name}`
        : `Among the tokens that reach ${scope.org}`;
  const command =
    scope.kind === 'own'
      ? "'token list' shows them; --service-account NAME and --all look elsewhere."
      : `'token list ${scope.kind === 'organization' ? '--all' : `--service-account ${scope.name}`}' shows them.`;
  return notFound(`${where} none has the id or name '${wanted}'.`, command);
}
