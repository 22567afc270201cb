import type { RequestFunction } from './client.js';
import type { LeakList, LeakQuery, RevokeCredentialsBody, RevokedCredentials } from './leaks.js';

/** The calls about credentials in the open. */
export function leakCalls(request: RequestFunction) {
  return {
    /** Needs no token: holding the credentials is enough. */
    revokeCredentials: (body: RevokeCredentialsBody) =>
      request<RevokedCredentials>('POST', '/v1/credentials/revoke', { body }),
    listLeaks: (o: string, query: LeakQuery = {}) =>
      request<LeakList>('GET', `/v1/organizations/${encodeURIComponent(o)}/leaks`, { query }),
  };
}
