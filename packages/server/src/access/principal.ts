import type { Permission, Role } from '@pipecat-cloud/contract/permissions';
import type { Policy } from '@pipecat-cloud/contract/policies';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import type { WorkerScope } from '../workers/worker-repository.js';

/** What a request's token says of itself. */
export interface TokenFacts {
  id: string;
  name: string;
  kind: 'personal' | 'serviceAccount' | 'ci';
  parentId: string | null;
  /** Organizations by id. */
  grant: Grant;
  createdAt: string;
  expiresAt: string | null;
  /** The deadline of a rotation. */
  endsAt: string | null;
  lastUsedAt: string | null;
}

/** Who is asking, as its credential proves it. */
export type Principal =
  | {
      kind: 'user';
      userId: string;
      via: 'session';
      sessionId: string;
      /** Signed in with two factors, or with one that counts as two. */
      secondFactor: boolean;
    }
  | { kind: 'user'; userId: string; via: 'oauth'; grantId: string; secondFactor: boolean }
  | { kind: 'user'; userId: string; via: 'token'; token: TokenFacts }
  | { kind: 'serviceAccount'; serviceAccountId: string; organizationId: string; via: 'token'; token: TokenFacts }
  | { kind: 'apiKey'; organizationId: string; keyId: string; access: 'public' | 'private' }
  | { kind: 'worker'; workerId: string; scope: WorkerScope | undefined };

/** The organization of a request, found through the caller's own memberships. */
export interface OrganizationAccess {
  id: string;
  name: string;
  defaultRegion: string;
  role: Role;
  permissions: ReadonlySet<Permission>;
  /** The only agents that the caller may touch; undefined for all. Lists leave out the others. */
  agents?: ReadonlySet<string> | undefined;
  policy?: Policy;
}

/** What the audit log keeps of a caller. */
export interface Actor {
  kind: 'user' | 'token' | 'serviceAccount' | 'apiKey' | 'worker' | 'system' | 'nobody';
  /** The person, service account, organization or worker behind the request. */
  id: string | null;
  /** The token or key that it used. */
  credentialId: string | null;
  /** What that token was derived from. */
  parentCredentialId?: string | null;
  address: string | null;
  userAgent?: string | null;
  /** Address of the CI job that sent the request, as its client said. */
  ciRun?: string | null;
}

export const systemActor: Actor = { kind: 'system', id: null, credentialId: null, address: null };

/** Where a request came from. */
export interface Origin {
  address: string;
  userAgent?: string | null;
  ciRun?: string | null;
}

export function actorOf(principal: Principal | undefined, origin: Origin): Actor {
  const { address, userAgent = null, ciRun = null } = origin;
  const from = { address, userAgent, ciRun };
  if (!principal) return { kind: 'nobody', id: null, credentialId: null, ...from };
  switch (principal.kind) {
    case 'user':
      return principal.via === 'token'
        ? { kind: 'token', id: principal.userId, ...credentialOf(principal.token), ...from }
        : { kind: 'user', id: principal.userId, credentialId: null, ...from };
    case 'serviceAccount':
      return { kind: 'serviceAccount', id: principal.serviceAccountId, ...credentialOf(principal.token), ...from };
    case 'apiKey':
      return { kind: 'apiKey', id: principal.organizationId, credentialId: principal.keyId, ...from };
    case 'worker':
      return { kind: 'worker', id: principal.workerId, credentialId: null, ...from };
  }
}

function credentialOf({ id, parentId }: TokenFacts) {
  return { credentialId: id, parentCredentialId: parentId };
}

/** The token that a request came with, whoever owns it. */
export function tokenOf(principal: Principal): TokenFacts | undefined {
  return 'via' in principal && principal.via === 'token' ? principal.token : undefined;
}
