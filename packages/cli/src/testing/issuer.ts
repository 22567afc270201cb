import type { Route, TestServer } from './server.js';

export const accessToken = 'pcc_oat_0123456789abcdef0123456789abcdef01234567aaaaaaaa';
export const refreshToken = 'pcc_ort_0123456789abcdef0123456789abcdef01234567bbbbbbbb';
export const tokens = {
  json: { access_token: accessToken, refresh_token: refreshToken, expires_in: 3600, token_type: 'Bearer' },
};

/** An issuer at the test's own server, as ours describes itself. */
export function issuerRoutes(host: string, changes: Record<string, unknown> = {}): Record<string, Route> {
  return {
    'GET /auth/config': { json: { issuer: host, client_id: 'pcc-cli', scopes: 'openid email' } },
    'GET /.well-known/openid-configuration': {
      json: {
        issuer: host,
        authorization_endpoint: `${host}/oauth/authorize`,
        token_endpoint: `${host}/oauth/token`,
        device_authorization_endpoint: `${host}/oauth/device/code`,
        code_challenge_methods_supported: ['S256'],
        response_types_supported: ['code'],
        authorization_response_iss_parameter_supported: true,
        ...changes,
      },
    },
    'POST /oauth/token': tokens,
  };
}

/** The forms that the token endpoint was sent, in order. */
export function tokenForms(server: TestServer): Record<string, string>[] {
  return server.requests
    .filter(({ method, url }) => method === 'POST' && url === '/oauth/token')
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body.toString())));
}
