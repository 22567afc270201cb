import { ApiError } from '@pipecat-cloud/contract/client';
import type { SpendLimit } from '@pipecat-cloud/contract/spend-limit';
import type { CommandContext } from '../../lib/context.js';
import { notFound, usageError } from '../../lib/errors.js';
import { day, time } from '../../lib/format.js';
import { fields } from '../../lib/table.js';

export async function showSpendLimit(context: CommandContext) {
  const org = await context.org();
  const found = await current(context);
  if (!found) {
    throw notFound(
      `${org} has no spend limit and nothing that costs.`,
      'Set one: pipecat cloud spend-limit set AMOUNT',
    );
  }
  context.result({ organization: org, ...found }, () => text(context, org, found));
}

export async function setSpendLimit(context: CommandContext, amount: string, { yes }: { yes?: boolean }) {
  const limitCents = cents(amount);
  const [api, org] = [await context.api(), await context.org()];
  const spent = (await current(context))?.currentSpendCents ?? 0;
  if (!yes && (limitCents === 0 || spent > limitCents)) {
    await context.confirm(
      limitCents === 0
        ? `Set the limit of ${org} to nothing? New sessions are refused until it is raised.`
        : `${org} has spent ${money(spent)} already, more than ${money(limitCents)}: new sessions are refused. Set it?`,
      '--yes',
    );
  }
  const now = await api.putSpendLimit(org, { limitCents });
  context.result({ organization: org, ...now }, () => text(context, org, now));
}

export async function clearSpendLimit(context: CommandContext, { yes }: { yes?: boolean }) {
  const org = await context.org();
  if (!yes) await context.confirm(`Take the spend limit of ${org} away?`, '--yes');
  const now = await (await context.api()).putSpendLimit(org, { limitCents: null });
  context.result({ organization: org, ...now }, () => `${org} has no spend limit any more.`);
}

/** Undefined where there is neither a limit nor a price. */
async function current(context: CommandContext): Promise<SpendLimit | undefined> {
  const [api, org] = [await context.api(), await context.org()];
  return api.getSpendLimit(org).catch((error: unknown) => {
    if (error instanceof ApiError && error.fromApi && error.status === 404) return undefined;
    throw error;
  });
}

function text({ colours }: CommandContext, org: string, limit: SpendLimit): string {
  const { limitCents, currentSpendCents: spent, periodStart, periodEnd, blocked, blockedAt } = limit;
  const share = limitCents ? ` (${((spent / limitCents) * 100).toFixed(1)}%)` : '';
  const rows: [string, string][] = [
    ['Organization', org],
    ['Limit', limitCents === null ? 'none' : money(limitCents)],
    ['Spent', `${money(spent)}${share}`],
    ['Period', `${day(periodStart)} to ${day(periodEnd)}`],
    ['Blocked', blocked ? colours.red(`yes${blockedAt ? `, since ${time(blockedAt)} UTC` : ''}`) : 'no'],
  ];
  const more = blocked ? '\n\nNew sessions are refused; those that run go on.' : '';
  return fields(rows, colours.bold) + more;
}

const money = (count: number) => `$${(count / 100).toFixed(2)}`;

/** `50`, `12.34`, `$12.34`. */
function cents(amount: string): number {
  const match = /^\$?(\d{1,9})(?:\.(\d{1,2}))?$/.exec(amount.trim());
  if (!match)
    throw usageError(`'${amount}' is no amount.`, 'Give dollars with at most two decimals, for example 50 or 12.34');
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}
