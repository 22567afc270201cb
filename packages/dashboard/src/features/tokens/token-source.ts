import type {
  CreatedToken,
  CreateTokenBody,
  DeriveTokenBody,
  RotatedToken,
  RotateTokenBody,
} from '@pipecat-cloud/contract/tokens';
import { api } from '../../lib/api';
import type { Bearer } from './grant-words';
import { tokenKeys } from './token-queries';

/** Where tokens come from and who they belong to: a person's own, or a service account's. */
export interface TokenSource {
  /** What is read again after a change; the beginning of the keys of all its queries. */
  key: readonly string[];
  bearer: Bearer;
  create: (body: CreateTokenBody) => Promise<CreatedToken>;
  rotate: (id: string, body: RotateTokenBody) => Promise<RotatedToken>;
  revoke: (id: string) => Promise<unknown>;
  /** Only for one's own. */
  derive?: (id: string, body: DeriveTokenBody) => Promise<CreatedToken>;
}

export const ownTokens: TokenSource = {
  key: tokenKeys.all,
  bearer: { kind: 'you' },
  create: api.createToken,
  rotate: api.rotateToken,
  revoke: api.revokeToken,
  derive: api.deriveToken,
};

export const serviceAccountTokens = (org: string, account: { id: string; name: string }): TokenSource => ({
  key: tokenKeys.ofServiceAccounts(org),
  bearer: { kind: 'serviceAccount', name: account.name, organization: org },
  create: (body) => api.createServiceAccountToken(org, account.id, body),
  rotate: (id, body) => api.rotateServiceAccountToken(org, account.id, id, body),
  revoke: (id) => api.revokeServiceAccountToken(org, account.id, id),
});
