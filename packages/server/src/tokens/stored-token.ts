import type { Role } from '@pipecat-cloud/contract/permissions';
import type { Grant, RevocationCause } from '@pipecat-cloud/contract/tokens';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';

/** Who a token belongs to, as it is now. */
export type TokenOwner =
  | { kind: 'user'; id: string; name: string }
  | { kind: 'serviceAccount'; id: string; name: string; organizationId: string; role: Role; disabledAt: string | null };
type ServiceAccountOwner = Extract<TokenOwner, { kind: 'serviceAccount' }>;

export interface StoredToken {
  id: string;
  kind: 'personal' | 'serviceAccount' | 'ci';
  owner: TokenOwner;
  familyId: string;
  parentId: string | null;
  predecessorId: string | null;
  successorId: string | null;
  activatedAt: string | null;
  endsAt: string | null;
  suspiciousAt: string | null;
  createdBy: string | null;
  name: string;
  digest: string;
  pepperId: string;
  masked: string;
  legacy: boolean;
  /** Organizations by id. */
  grant: Grant;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  revokedBy: string | null;
  revokedCause: RevocationCause | null;
  revokedReason: string | null;
  lastUsedAt: string | null;
  lastUsedAddress: string | null;
  lastUsedUserAgent: string | null;
  lastUsedCiRun: string | null;
}

/** What a check reads of a token: all but the name of the person, which would be a search in another large table. */
export interface CheckedToken extends Omit<StoredToken, 'owner'> {
  owner: { kind: 'user'; id: string } | ServiceAccountOwner;
}

export interface NewToken {
  id: string;
  kind: StoredToken['kind'];
  /** Exactly one of these two. */
  userId: string | null;
  serviceAccount?: { id: string; organizationId: string };
  name: string;
  digest: string;
  pepperId: string;
  masked: string;
  legacy: boolean;
  grant: Grant;
  createdAt: string;
  expiresAt: string | null;
  createdBy?: string | null;
  parentId?: string;
  /** The token that this one takes the place of; it is pending until it is used. */
  predecessor?: { id: string; familyId: string };
}
export interface TokenUse {
  id: string;
  at: string;
  address: string;
  userAgent: string;
  ciRun: string | null;
  /** Bits of those that it used. */
  permissions: number;
}
export interface Revocation {
  /** Id of the person, token or service account that did it; null for the system. */
  by: string | null;
  cause: RevocationCause;
  /** A half sentence for people: "revoked by its owner". */
  reason: string;
}

interface OwnerColumns {
  owner_name: string | null;
  owner_role: string | null;
  owner_disabled_at: string | null;
  successor_id: string | null;
}

export type CheckedRow = Selectable<Schema['token']> & OwnerColumns;
export type TokenRow = CheckedRow & { owner_email: string | null };

/** What callers get of a row. */
export function toToken(row: TokenRow): StoredToken {
  const { owner, ...token } = toCheckedToken(row);
  return { ...token, owner: owner.kind === 'user' ? { ...owner, name: row.owner_email ?? '' } : owner };
}

/** What checks get of a row. */
export function toCheckedToken(row: CheckedRow): CheckedToken {
  return {
    id: row.id,
    kind: row.kind as StoredToken['kind'],
    owner: toOwner(row),
    familyId: row.family_id,
    parentId: row.parent_id,
    predecessorId: row.predecessor_id,
    successorId: row.successor_id,
    activatedAt: row.activated_at,
    endsAt: row.ends_at,
    suspiciousAt: row.suspicious_at,
    createdBy: row.created_by,
    name: row.name,
    digest: row.digest,
    pepperId: row.pepper_id,
    masked: row.masked,
    legacy: row.legacy === 1,
    grant: JSON.parse(row.grant_json) as Grant,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
    revokedCause: row.revoked_cause as RevocationCause | null,
    revokedReason: row.revoked_reason,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
    lastUsedUserAgent: row.last_used_user_agent,
    lastUsedCiRun: row.last_used_ci_run,
  };
}

function toOwner(row: CheckedRow): CheckedToken['owner'] {
  if (row.user_id !== null) return { kind: 'user', id: row.user_id };
  if (row.service_account_id === null || row.organization_id === null) throw new Error(`Token ${row.id} has no owner`);
  return {
    kind: 'serviceAccount',
    id: row.service_account_id,
    name: row.owner_name ?? '',
    organizationId: row.organization_id,
    role: row.owner_role as Role,
    disabledAt: row.owner_disabled_at,
  };
}
