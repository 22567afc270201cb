import type { Actor } from '../access/principal.js';
import type { Repositories } from '../db/store.js';
import type { StoredToken } from './token-repository.js';

/** A leaver's token goes to a service account of the organization, secret unchanged. Throws the refusal that fits; audits. */
export type AdoptToken = (
  repos: Repositories,
  adoption: { token: StoredToken; serviceAccountId: string; organizationId: string; actor: Actor },
) => Promise<void>;
