import { agentScopedPermissions, type Permission, permissions, presets } from '@pipecat-cloud/contract/permissions';
import type { CreateTokenBody, DeriveTokenBody, Grant } from '@pipecat-cloud/contract/tokens';

export const accesses = ['everything', 'deploy', 'readOnly', 'exact'] as const;
export type Access = (typeof accesses)[number];

/** A token as somebody fills in the form. */
export interface TokenDraft {
  name: string;
  /** `d30`: so many days; `m15`: so many minutes; `date`: see `date`; `never`; `parent`: as long as what it is derived from. */
  lifetime: string;
  /** YYYY-MM-DD */
  date: string;
  access: Access;
  permissions: readonly Permission[];
  /** Names; empty for all. */
  organizations: readonly string[];
  /** As typed, with commas or spaces between. */
  agents: string;
  networks: string;
}

export const emptyDraft: TokenDraft = {
  name: '',
  lifetime: 'd90',
  date: '',
  access: 'everything',
  permissions: [],
  organizations: [],
  agents: '',
  networks: '',
};

const wordsOf = (typed: string) => [...new Set(typed.split(/[\s,]+/).filter((word) => word !== ''))];

/** What will be asked for; the server checks it again. */
export function grantOf(draft: TokenDraft): Grant {
  const [agents, networks] = [wordsOf(draft.agents), wordsOf(draft.networks)];
  return {
    ...accessOf(draft, agents.length > 0),
    ...(draft.organizations.length > 0 ? { organizations: [...draft.organizations] } : {}),
    ...(agents.length > 0 ? { agents } : {}),
    ...(networks.length > 0 ? { networks } : {}),
  };
}

function accessOf({ access, permissions: chosen }: TokenDraft, agentsAlone: boolean): Grant {
  if (access === 'everything') return {};
  const fits = (name: Permission) => !agentsAlone || agentScopedPermissions.has(name);
  if (access === 'exact') return { permissions: chosen.filter(fits) };
  // A preset that reaches beyond single agents is spelled out without what does.
  return presets[access].every(fits) ? { preset: access } : { permissions: presets[access].filter(fits) };
}

type Lifetime = Pick<DeriveTokenBody, 'expiresInDays' | 'expiresAt' | 'expiresInMinutes'>;

function lifetimeOf({ lifetime, date }: TokenDraft): Lifetime {
  if (lifetime === 'never') return { expiresInDays: null };
  if (lifetime === 'date') return { expiresAt: date };
  const amount = Number(lifetime.slice(1));
  if (lifetime.startsWith('m')) return { expiresInMinutes: amount };
  return lifetime.startsWith('d') ? { expiresInDays: amount } : {};
}

export function createBodyOf(draft: TokenDraft): CreateTokenBody {
  const { expiresInMinutes: _, ...lifetime } = lifetimeOf(draft);
  const grant = grantOf(draft);
  return { name: draft.name.trim(), ...lifetime, ...(Object.keys(grant).length > 0 ? { grant } : {}) };
}

export function deriveBodyOf(draft: TokenDraft): DeriveTokenBody {
  return { ...createBodyOf(draft), ...lifetimeOf(draft) };
}

/** The form filled in like a token that exists. */
export function draftOf(grant: Grant): Partial<TokenDraft> {
  const { preset, permissions: named, organizations = [], agents = [], networks = [] } = grant;
  return {
    access: preset ?? (named ? 'exact' : 'everything'),
    permissions: named ?? [],
    organizations,
    agents: agents.join(', '),
    networks: networks.join(', '),
  };
}

const asList = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value])
    .flatMap((entry) => (typeof entry === 'string' || typeof entry === 'number' ? String(entry).split(',') : []))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .slice(0, 100);

/**
 * The draft that a link fills in: `name`, `days` (or `expires`, a date, or `days=never`), `preset` or `permission`, `organization`, `agent`,
 * `network`; the last four may stand several times or hold commas. What it does not understand it leaves as it is. Undefined where the
 * query is not about a new token.
 */
export function draftFromSearch(search: Record<string, unknown>): Partial<TokenDraft> | undefined {
  if (search.new === undefined || search.new === false) return undefined;
  const text = (name: string) =>
    typeof search[name] === 'string' || typeof search[name] === 'number' ? String(search[name]) : '';
  const named = asList(search.permission).filter((name): name is Permission => permissions.some((one) => one === name));
  const preset = accesses.find((access) => access !== 'exact' && access === search.preset);
  const [days, expires] = [text('days'), text('expires')];
  return {
    name: text('name').slice(0, 100),
    ...(/^([1-9]\d{0,3})$/.test(days) ? { lifetime: `d${days}` } : days === 'never' ? { lifetime: 'never' } : {}),
    ...(/^\d{4}-\d{2}-\d{2}$/.test(expires) ? { lifetime: 'date', date: expires } : {}),
    ...(preset ? { access: preset } : named.length > 0 ? { access: 'exact', permissions: named } : {}),
    organizations: asList(search.organization),
    agents: asList(search.agent).join(', '),
    networks: asList(search.network).join(', '),
  };
}

/** The query that fills the form in like this draft. */
export function searchOf(draft: TokenDraft): Record<string, string | number | boolean> {
  const entries = {
    name: draft.name.trim(),
    days: draft.lifetime === 'never' ? 'never' : /^d\d+$/.test(draft.lifetime) ? Number(draft.lifetime.slice(1)) : '',
    expires: draft.lifetime === 'date' ? draft.date : '',
    preset: draft.access === 'exact' || draft.access === 'everything' ? '' : draft.access,
    permission: draft.access === 'exact' ? draft.permissions.join(',') : '',
    organization: draft.organizations.join(','),
    agent: wordsOf(draft.agents).join(','),
    network: wordsOf(draft.networks).join(','),
  };
  return { new: true, ...Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== '')) };
}
