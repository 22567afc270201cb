import type { Client } from '@pipecat-cloud/contract/client';
import type { RotatedToken, RotateTokenBody, Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { CliError, usageError } from '../../lib/errors.js';
import { minute } from '../../lib/format.js';
import { shorten } from '../../lib/settings.js';
import { checkSelf, findToken, isSelf, type Scope, scopeOf } from './find-token.js';
import { type LifetimeOptions, lifetimeOf } from './grant-options.js';
import { showSecret } from './show-value.js';
import { replaceStoredToken } from './store-token.js';
import { shortId, untilSentence } from './token-view.js';

export interface RotateOptions extends LifetimeOptions {
  overlapHours?: number;
  leaked?: boolean;
  serviceAccount?: string;
  valueOnly?: boolean;
}

/** `token rotate`: a new secret; the old one goes on until the new one is used, or the overlap is over. */
export async function rotateToken(context: CommandContext, wanted: string, options: RotateOptions) {
  if (options.leaked && options.overlapHours)
    throw usageError('--leaked stops the old secret at once: leave out --overlap-hours.');
  const overlapHours = options.leaked ? 0 : options.overlapHours;
  const body: RotateTokenBody = { ...lifetimeOf(options), ...(overlapHours === undefined ? {} : { overlapHours }) };
  const api = await context.api();
  if (wanted === 'self') await checkSelf(context, "Name the token: 'token list' shows yours.");
  const scope = await scopeOf(
    context,
    api,
    options.serviceAccount === undefined ? {} : { serviceAccount: options.serviceAccount },
  );
  // While a rotation is under way two tokens have the name; a repeated rotate is about the old one.
  const prefer = ({ state }: Token) => state !== 'pending';
  const token = wanted === 'self' ? 'self' : await findToken(context, api, scope, wanted, { prefer });
  const self = await isSelf(context, api, token);
  const inUse = (await context.settings()).token;
  const rotated = self || token === 'self' ? await api.rotateSelf(body) : await rotateOther(api, scope, token, body);
  if (self) context.expiry.shown();
  const stored = self && inUse?.source === 'file' && (await replaceStoredToken(context, inUse.value, rotated.value));
  if (stored && !options.valueOnly) return report(context, rotated, inUse.from);
  showSecret(context, {
    value: rotated.value,
    data: rotated,
    valueOnly: options.valueOnly,
    headline: headline(rotated),
    hints: [
      self && inUse?.source === 'environment'
        ? 'Put it wherever PIPECAT_TOKEN comes from: here the variable still holds the old one.'
        : 'Put it in place of the old one. A repeated rotate gives a fresh secret for the same successor.',
    ],
  });
  if (self && inUse?.source === 'file' && !stored) {
    throw new CliError('The token is rotated, but the new secret could not be stored.', {
      code: 'NOT_STORED',
      hint: `It is printed above and nowhere else: store it with 'auth use-pat --stdin'; the old one ${stops(rotated.predecessor)}.`,
    });
  }
}

function rotateOther(api: Client, scope: Scope, token: Token, body: RotateTokenBody): Promise<RotatedToken> {
  return scope.kind === 'serviceAccount'
    ? api.rotateServiceAccountToken(scope.org, scope.id, token.id, body)
    : api.rotateToken(token.id, body);
}

/** The new secret is in the file; printing it would only spread it. */
function report(context: CommandContext, rotated: RotatedToken, from: string): void {
  const { settings } = context.known();
  const { value: _, ...data } = rotated;
  context.result({ ...data, storedIn: settings?.file.path }, () => {
    const { green } = context.colours;
    return `${green(headline(rotated))}\nThe new secret is stored in ${settings ? shorten(settings.file.path) : from}; commands use it from now on.`;
  });
}

function headline({ token, predecessor }: RotatedToken): string {
  return `${token.name} has a new secret (token ${shortId(token.id)}, ${untilSentence(token)}).\nThe old one (${shortId(predecessor.id)}) ${stops(predecessor)}.`;
}

function stops(predecessor: Token): string {
  if (predecessor.state !== 'rotating') return 'has stopped';
  const end = predecessor.endsAt ?? predecessor.expiresAt;
  return `stops when the new one is first used${end ? `, at the latest ${minute(end)} UTC` : ''}`;
}
