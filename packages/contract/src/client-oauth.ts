import type { RequestFunction } from './client.js';
import type { StatusOk } from './errors.js';
import type { DeviceDecisionBody, LoginList, OauthDecided, OauthDecisionBody, OauthRequest } from './oauth.js';

/** The calls about signing in from the command line. The first four are the dashboard's. */
export function oauthCalls(request: RequestFunction) {
  const interaction = (uid: string) => `/v1/oauth/interactions/${encodeURIComponent(uid)}`;
  return {
    getOauthRequest: (uid: string) => request<OauthRequest>('GET', interaction(uid)),
    decideOauthRequest: (uid: string, body: OauthDecisionBody) =>
      request<OauthDecided>('POST', interaction(uid), { body }),
    findDeviceRequest: (userCode: string) => request<OauthRequest>('POST', '/v1/oauth/device', { body: { userCode } }),
    decideDeviceRequest: (body: DeviceDecisionBody) => request<StatusOk>('POST', '/v1/oauth/device/decision', { body }),
    listLogins: () => request<LoginList>('GET', '/v1/users/self/logins'),
    endLogin: (id: string) => request<StatusOk>('DELETE', `/v1/users/self/logins/${encodeURIComponent(id)}`),
  };
}
