import type { Policy, PolicyBody } from '@pipecat-cloud/contract/policies';

/** A policy as it is typed: numbers and networks are texts, an empty one asks nothing. */
export interface PolicyDraft extends Omit<Policy, 'maxTokenDays' | 'revokeUnusedAfterDays' | 'allowedNetworks'> {
  maxTokenDays: string;
  revokeUnusedAfterDays: string;
  allowedNetworks: string;
}

const textOf = (days: number | null) => (days === null ? '' : String(days));
const daysOf = (text: string) => (text.trim() === '' ? null : Number(text));

export function policyDraftOf(policy: Policy): PolicyDraft {
  return {
    ...policy,
    maxTokenDays: textOf(policy.maxTokenDays),
    revokeUnusedAfterDays: textOf(policy.revokeUnusedAfterDays),
    allowedNetworks: policy.allowedNetworks.join(', '),
  };
}

/** The rules that differ, as they are sent. */
export function changesOf(draft: PolicyDraft, present: Policy): PolicyBody {
  const wanted: Policy = {
    ...draft,
    maxTokenDays: daysOf(draft.maxTokenDays),
    revokeUnusedAfterDays: daysOf(draft.revokeUnusedAfterDays),
    allowedNetworks: draft.allowedNetworks.split(/[\s,]+/).filter((network) => network !== ''),
  };
  const names = Object.keys(present) as (keyof Policy)[];
  const changed = names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(present[name]));
  return Object.fromEntries(changed.map((name) => [name, wanted[name]]));
}
