import { type Permission, type Role, rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { createCredentialDigests, mintCredential } from '../access/credential-digests.js';
import type { OrganizationAccess, Principal } from '../access/principal.js';
import type { Store } from '../db/store.js';
import type { Caller } from '../organizations/caller.js';
import { systemIds } from '../system.js';
import type { NewToken } from '../tokens/stored-token.js';
import { testKeys } from './two-organizations.js';

const digests = createCredentialDigests(testKeys.peppers);

/** A person who signed in, asking in an organization with a role. Whether they are a member is the test's to arrange. */
export function personIn(organization: OrganizationAccess, userId: string, role: Role): Caller {
  return {
    organization: { ...organization, role, permissions: rolePermissions[role] },
    principal: { kind: 'user', userId, via: 'session', sessionId: 's', secondFactor: false },
    actor: { kind: 'user', id: userId, credentialId: null, address: '192.0.2.1' },
  };
}

/** The same person through a token that leaves these permissions of the role. */
export function tokenIn(
  caller: Caller,
  permissions: readonly Permission[],
  token: Partial<TokenPrincipal['token']> = {},
): Caller {
  const { principal, organization, actor } = caller;
  if (principal.kind !== 'user') throw new Error('Not a person');
  const facts = {
    id: 'token',
    name: 'a token',
    kind: 'personal' as const,
    parentId: null,
    grant: { permissions: [...permissions] },
    createdAt: '2026-05-04T10:00:00.000Z',
    expiresAt: null,
    endsAt: null,
    lastUsedAt: null,
    ...token,
  };
  return {
    organization: { ...organization, permissions: new Set(permissions) },
    principal: { kind: 'user', userId: principal.userId, via: 'token', token: facts },
    actor: { ...actor, kind: 'token', credentialId: facts.id },
  };
}
type TokenPrincipal = Extract<Principal, { kind: 'user'; via: 'token' }>;

/** Puts another person into an organization. */
export async function addMember(store: Store, organizationId: string, userId: string, role: Role): Promise<void> {
  const now = new Date('2026-05-04T10:00:00.000Z');
  if (!(await store.accounts.find(userId))) {
    const email = `${userId}@people.example`;
    await store.accounts.insert({ id: userId, email, defaultOrganizationId: organizationId }, now);
  }
  await store.organizations.addMember(organizationId, userId, role, now);
}

/** A stored token of a person or a service account; returns its id. */
export async function addToken(
  store: Store,
  owner: { userId: string } | { serviceAccount: { id: string; organizationId: string } },
  token: Partial<Omit<NewToken, 'userId' | 'serviceAccount'>> & { grant?: Grant } = {},
): Promise<string> {
  const person = 'userId' in owner;
  const { value } = mintCredential(systemIds, person ? 'personal' : 'serviceAccount');
  const id = token.id ?? systemIds.id();
  await store.tokens.insert({
    kind: person ? 'personal' : 'serviceAccount',
    userId: person ? owner.userId : null,
    ...(person ? {} : { serviceAccount: owner.serviceAccount }),
    name: 'laptop',
    masked: 'pcc_pat_…0000',
    legacy: false,
    grant: {},
    createdAt: '2026-05-04T10:00:00.000Z',
    expiresAt: null,
    ...digests.current(value),
    ...token,
    id,
  });
  return id;
}
