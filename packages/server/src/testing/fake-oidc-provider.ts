import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Asked {
  query: URLSearchParams;
}
const client = { id: 'pipecat', secret: 'a client secret/with:signs' };

/**
 * An outside OpenID Connect provider over real HTTP: discovery, authorization with PKCE, token, keys, user info. Whoever is sent to it
 * comes back at once as the person that `says` describes; the other members make it misbehave.
 */
export async function startFakeOidcProvider() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const codes = new Map<string, Asked>();
  const tokens = new Set<string>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const fake = {
    issuer,
    client,
    /** Claims of the ID token, over the usual ones. */
    says: { sub: 'subject-1', email: 'ann@acme.example', email_verified: true } as Record<string, unknown>,
    /** What only the user-info endpoint says. */
    info: undefined as Record<string, unknown> | undefined,
    /** `iss` of the authorization answer; undefined leaves it out. */
    iss: issuer as string | undefined,
    forged: false,
    denies: false,
    /** How often each path was asked. */
    asked: [] as string[],
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };

  function idToken(nonce: string | null): string {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: issuer, aud: client.id, iat: now, exp: now + 300, nonce, ...fake.says };
    const input = `${part({ alg: 'ES256', kid: 'k1' })}.${part(claims)}`;
    const key = { key: fake.forged ? forger : privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer);
    fake.asked.push(url.pathname);
    const json = (body: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return void json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          userinfo_endpoint: `${issuer}/userinfo`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
          authorization_response_iss_parameter_supported: true,
        });
      case '/keys':
        return void json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' }] });
      case '/authorize': {
        const back = new URL(url.searchParams.get('redirect_uri') ?? '');
        const code = randomBytes(12).toString('hex');
        codes.set(code, { query: url.searchParams });
        back.searchParams.set('state', url.searchParams.get('state') ?? '');
        if (fake.iss !== undefined) back.searchParams.set('iss', fake.iss);
        if (fake.denies) back.searchParams.set('error', 'access_denied');
        else back.searchParams.set('code', code);
        return void response.writeHead(303, { location: back.href }).end();
      }
      case '/token': {
        const form = new URLSearchParams(await text(request));
        const asked = codes.get(form.get('code') ?? '');
        codes.delete(form.get('code') ?? '');
        const challenge = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url');
        const good =
          isClient(request.headers.authorization) &&
          asked?.query.get('code_challenge') === challenge &&
          asked.query.get('code_challenge_method') === 'S256' &&
          asked.query.get('redirect_uri') === form.get('redirect_uri');
        if (!good || !asked) return void json({ error: 'invalid_grant' }, 400);
        const token = randomBytes(12).toString('hex');
        tokens.add(token);
        return void json({ access_token: token, token_type: 'bearer', id_token: idToken(asked.query.get('nonce')) });
      }
      case '/userinfo': {
        const known = tokens.has(request.headers.authorization?.replace(/^bearer /i, '') ?? '');
        return void json(known ? { sub: fake.says.sub, ...fake.info } : {}, known ? 200 : 401);
      }
      default:
        return void json({ error: 'not_found' }, 404);
    }
  }

  return fake;
}
export type FakeOidcProvider = Awaited<ReturnType<typeof startFakeOidcProvider>>;

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function isClient(authorization: string | undefined): boolean {
  const joined = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
  const [id, secret] = joined.split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
  return id === client.id && secret === client.secret;
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
