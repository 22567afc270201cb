import type { Client } from '@pipecat-cloud/contract/client';
import type { Member, RemoveMemberBody } from '@pipecat-cloud/contract/members';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../../lib/context.js';
import { notFound, usageError } from '../../../lib/errors.js';
import { plural } from '../../../lib/format.js';
import { canAsk } from '../../../lib/io.js';
import { findServiceAccount } from '../../service-accounts/find.js';
import { pick } from '../../token/find-token.js';
import { tokenTable } from '../../token/token-table.js';
import { hasEnded, lastUseText, nameWithId } from '../../token/token-view.js';
import { findMember } from './find.js';

export interface RemoveOptions {
  /** `TOKEN=SERVICE_ACCOUNT` each. */
  adopt?: string[];
  end?: string[];
  endAll?: boolean;
  force?: boolean;
  yes?: boolean;
}

/** What happens to each token, by its id: the service account that gets it, or undefined for its end. */
type Fates = Map<string, { id: string; name: string } | undefined>;

/** `organizations members remove`: every token that the person's going would stop is named first, and gets a fate. */
export async function removeMember(context: CommandContext, who: string, options: RemoveOptions) {
  const [api, org] = [await context.api(), await context.org()];
  const member = await findMember(api, org, who);
  const tokens = (await api.listMemberTokens(org, member.userId)).tokens.filter((token) => !hasEnded(token));
  const fates = await decided(api, org, tokens, options);
  await askForTheRest(context, api, { org, member, tokens, fates });

  const sum = summary(tokens, fates);
  if (!options.force && !options.yes) {
    await context.confirm(`Remove ${member.email} from ${org}?${sum ? ` ${sum}` : ''}`, '--force');
  }
  const body: RemoveMemberBody = {
    tokens: tokens.map(({ id }) => {
      const account = fates.get(id);
      return { id, ...(account ? { serviceAccountId: account.id } : {}) };
    }),
  };
  const answer = await api.removeMember(org, member.userId, body);
  context.result(
    { ...answer, member },
    () => `${member.email} is no longer a member of ${org}.${sum ? `\n${sum}` : ''}`,
  );
}

async function decided(api: Client, org: string, tokens: readonly Token[], options: RemoveOptions): Promise<Fates> {
  const fates: Fates = new Map();
  const decide = (token: Token, account: { id: string; name: string } | undefined) => {
    if (fates.has(token.id)) throw usageError(`${nameWithId(token)} is named twice: adopt it or end it.`);
    fates.set(token.id, account);
  };
  for (const text of options.adopt ?? []) {
    const at = text.lastIndexOf('=');
    if (at < 1 || at === text.length - 1) throw usageError(`'${text}' is no TOKEN=SERVICE_ACCOUNT for --adopt.`);
    const token = oneOf(tokens, text.slice(0, at));
    decide(token, await findServiceAccount(api, org, text.slice(at + 1)));
  }
  for (const wanted of options.end ?? []) decide(oneOf(tokens, wanted), undefined);
  if (options.endAll) for (const token of tokens) if (!fates.has(token.id)) fates.set(token.id, undefined);
  return fates;
}

function oneOf(tokens: readonly Token[], wanted: string): Token {
  const [token, ...others] = pick(tokens, wanted);
  if (!token)
    throw notFound(`None of the person's tokens has the id or name '${wanted}'.`, `There are: ${lines(tokens)}`);
  if (others.length > 0)
    throw usageError(`'${wanted}' could be several tokens; give more of the id.`, lines([token, ...others]));
  return token;
}

interface Leaving {
  org: string;
  member: Member;
  tokens: readonly Token[];
  fates: Fates;
}

async function askForTheRest(context: CommandContext, api: Client, leaving: Leaving): Promise<void> {
  const { org, member, tokens, fates } = leaving;
  const open = tokens.filter(({ id }) => !fates.has(id));
  if (open.length === 0) return;
  if (context.json || !canAsk(context.io)) {
    throw usageError(
      `${member.email} has ${plural(open.length, 'live token')} in ${org}. Say what becomes of each: --adopt TOKEN=SERVICE_ACCOUNT, --end TOKEN or --end-all.`,
      lines(open),
    );
  }
  context.note(`${member.email} has ${plural(open.length, 'live token')} that reach ${org}:`);
  context.note(tokenTable(context, open));
  const { serviceAccounts } = await api.listServiceAccounts(org);
  for (const token of open) {
    const choice = await context.choose(
      `What becomes of ${nameWithId(token)}?`,
      [
        { value: '', label: `It stops reaching ${org}` },
        ...serviceAccounts
          .filter(({ disabledAt }) => !disabledAt)
          .map(({ id, name, role }) => ({
            value: id,
            label: `The service account ${name} (${role}) gets it; the secret goes on working`,
          })),
      ],
      '--adopt or --end',
    );
    fates.set(
      token.id,
      serviceAccounts.find(({ id }) => id === choice),
    );
  }
}

function summary(tokens: readonly Token[], fates: Fates): string {
  const adopted = tokens.flatMap((token) => {
    const account = fates.get(token.id);
    return account ? [`${token.name} to ${account.name}`] : [];
  });
  const ended = tokens.filter(({ id }) => !fates.get(id)).map(({ name }) => name);
  return [
    adopted.length > 0 ? `Adopted: ${adopted.join(', ')}.` : '',
    ended.length > 0 ? `Ended: ${ended.join(', ')}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

const lines = (tokens: readonly Token[]) =>
  tokens.map((token) => `  ${token.id}  ${token.name}, ${lastUseText(token)}`).join('\n');
