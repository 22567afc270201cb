import type { Permission, Role } from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';

/** Who is asking, as its credential proves it. */
export type Principal =
  | { kind: 'user'; userId: string; via: 'session' }
  | {
      kind: 'user';
      userId: string;
      via: 'token';
      tokenId: string;
      tokenKind: 'personal';
      grant: Grant;
      expiresAt: string | null;
    }
  | { kind: 'apiKey'; organizationId: string; keyId: string; access: 'public' | 'private' }
  | { kind: 'worker'; workerId: string };

/** The organization of a request, found through the caller's own memberships. */
export interface OrganizationAccess {
  id: string;
  name: string;
  defaultRegion: string;
  role: Role;
  permissions: ReadonlySet<Permission>;
}

/** What the audit log keeps of a caller. */
export interface Actor {
  kind: 'user' | 'token' | 'apiKey' | 'worker' | 'system' | 'nobody';
  id: string | null;
  credentialId: string | null;
  address: string | null;
}

export const systemActor: Actor = { kind: 'system', id: null, credentialId: null, address: null };

export function actorOf(principal: Principal | undefined, address: string): Actor {
  if (!principal) return { kind: 'nobody', id: null, credentialId: null, address };
  switch (principal.kind) {
    case 'user':
      return principal.via === 'token'
        ? { kind: 'token', id: principal.userId, credentialId: principal.tokenId, address }
        : { kind: 'user', id: principal.userId, credentialId: null, address };
    case 'apiKey':
      return { kind: 'apiKey', id: principal.organizationId, credentialId: principal.keyId, address };
    case 'worker':
      return { kind: 'worker', id: principal.workerId, credentialId: null, address };
  }
}
