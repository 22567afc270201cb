import type { Policy, PolicyBody } from '@pipecat-cloud/contract/policies';
import type { CommandContext } from '../../../lib/context.js';
import { usageError } from '../../../lib/errors.js';
import { fields } from '../../../lib/table.js';

export interface PolicyOptions {
  maxTokenDays?: number | 'none';
  expiryRequired?: boolean;
  revokeUnusedAfter?: number | 'none';
  allowedNetwork?: string[];
  anyNetwork?: boolean;
  personalTokens?: Policy['personalTokens'];
  approvalRequired?: boolean;
  secondFactor?: boolean;
  onReuse?: Policy['onReuse'];
  onLeak?: Policy['onLeak'];
}

/** The rules that flags name; the others stay as they are. */
export function bodyOf(options: PolicyOptions): PolicyBody {
  if (options.anyNetwork && options.allowedNetwork)
    throw usageError('Give --any-network or --allowed-network, not both.');
  const all: { [rule in keyof Policy]: Policy[rule] | undefined } = {
    maxTokenDays: orNull(options.maxTokenDays),
    expiryRequired: options.expiryRequired,
    revokeUnusedAfterDays: orNull(options.revokeUnusedAfter),
    allowedNetworks: options.anyNetwork ? [] : options.allowedNetwork,
    personalTokens: options.personalTokens,
    approvalRequired: options.approvalRequired,
    secondFactorRequired: options.secondFactor,
    onReuse: options.onReuse,
    onLeak: options.onLeak,
  };
  const body = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as PolicyBody;
  if (Object.keys(body).length === 0)
    throw usageError(
      'No rule given.',
      "For example --max-token-days 90; 'organizations policies set --help' lists them.",
    );
  return body;
}

const orNull = (days: number | 'none' | undefined) => (days === 'none' ? null : days);

const labels: Record<keyof Policy, string> = {
  maxTokenDays: 'Longest life of a token',
  expiryRequired: 'Tokens must have an end',
  revokeUnusedAfterDays: 'Unused tokens are revoked',
  allowedNetworks: 'Tokens are used from',
  personalTokens: 'Personal tokens of',
  approvalRequired: 'Approval by an admin first',
  secondFactorRequired: 'Second factor for people',
  onReuse: 'A rotated secret seen again',
  onLeak: 'A credential found in the open',
};

/** Every rule in words; with `before` only those that change, and what they were. */
export function policyText(context: CommandContext, policy: Policy, before?: Policy): string {
  const { bold, dim, yellow } = context.colours;
  const rules = (Object.keys(labels) as (keyof Policy)[]).flatMap((rule): [string, string][] => {
    const now = inWords(rule, policy);
    if (!before) return [[labels[rule], now]];
    const was = inWords(rule, before);
    return was === now ? [] : [[labels[rule], `${yellow(now)} ${dim(`(was: ${was})`)}`]];
  });
  return rules.length === 0 ? 'Every rule is so already.' : fields(rules, bold);
}

function inWords(rule: keyof Policy, policy: Policy): string {
  switch (rule) {
    case 'maxTokenDays':
      return policy.maxTokenDays === null ? 'no limit' : `${policy.maxTokenDays} days`;
    case 'revokeUnusedAfterDays':
      return policy.revokeUnusedAfterDays === null ? 'never' : `after ${policy.revokeUnusedAfterDays} days`;
    case 'allowedNetworks':
      return policy.allowedNetworks.join(', ') || 'anywhere';
    case 'expiryRequired':
    case 'approvalRequired':
    case 'secondFactorRequired':
      return policy[rule] ? 'yes' : 'no';
    case 'onReuse':
    case 'onLeak':
      return policy[rule] === 'revoke' ? 'is revoked, and admins are told' : 'admins are told';
    default:
      return policy[rule];
  }
}
