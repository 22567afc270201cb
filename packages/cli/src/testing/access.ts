import type { ServiceAccount } from '@pipecat-cloud/contract/service-accounts';
import type { Token } from '@pipecat-cloud/contract/tokens';

/** Days from now as the API writes times. */
export const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

/** A live personal token of `dev@example.com` as lists show it. */
export function tokenRow(changes: Partial<Token> = {}): Token {
  return {
    id: '3f2a91c0-5b7e-4c1d-9a2f-000000000001',
    name: 'ci',
    kind: 'personal',
    owner: { kind: 'user', id: 'usr_1', name: 'dev@example.com' },
    masked: 'pcc_pat_…4567',
    legacy: false,
    state: 'active',
    grant: {},
    createdAt: '2026-04-20T10:00:00.000Z',
    expiresAt: inDays(60.5),
    endsAt: null,
    parentId: null,
    successorId: null,
    familyId: 'fam_1',
    suspiciousAt: null,
    revokedAt: null,
    revokedCause: null,
    revokedReason: null,
    lastUsedAt: '2026-04-21T10:00:00.000Z',
    lastUsedAddress: '192.0.2.7',
    lastUsedUserAgent: 'PipecatCloudCLI/0.6.0',
    lastUsedCiRun: null,
    ...changes,
  };
}

export function serviceAccount(changes: Partial<ServiceAccount> = {}): ServiceAccount {
  return {
    id: 'sa_1',
    name: 'deployer',
    description: '',
    role: 'developer',
    createdAt: '2026-04-20T10:00:00.000Z',
    disabledAt: null,
    liveTokens: 1,
    trusts: [],
    ...changes,
  };
}

/** A secret that was just made, to be searched for; well formed. */
export const freshSecret = 'pcc_pat_sa_0123456789abcdef0123456789abcdef01234567d7967a67';
