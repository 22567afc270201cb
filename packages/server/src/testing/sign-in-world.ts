import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { expect, vi } from 'vitest';
import { createAccessCache } from '../access/access-cache.js';
import { createAuthenticator } from '../access/authenticator.js';
import { createCredentialDigests } from '../access/credential-digests.js';
import { createCredentialUse } from '../access/credential-use.js';
import type { Actor } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import { readConfig } from '../config/config.js';
import type { Environment } from '../config/env.js';
import { addAuthHook } from '../http/auth-hook.js';
import { addSecurityHeaders } from '../http/security-headers.js';
import { createHttp } from '../http/server.js';
import type { Mail } from '../notifications/notify.js';
import { composeSignIn } from '../sign-in/compose-sign-in.js';
import type { TestDatabase } from './databases.js';
import { openTwoOrganizations, testKeys } from './two-organizations.js';

export const publicUrl = 'http://localhost:7400';
/** What the dashboard's own page sends with a write. */
export const page = { origin: publicUrl, 'x-pipecat-csrf': '1' };
export const nobody: Actor = { kind: 'nobody', id: null, credentialId: null, address: '192.0.2.9' };
export const from = (n: number): Actor => ({ ...nobody, address: `198.51.100.${n}` });

/** Two people (ann@acme.example, bob@bolt.example) with an organization each, all ways of signing in, and an app that has their routes. */
export async function openSignIn(database: TestDatabase, environment: Environment = {}) {
  const world = await openTwoOrganizations(database);
  const mails: Mail[] = [];
  const logged: string[] = [];
  const digests = createCredentialDigests(testKeys.peppers);
  const config = readConfig({
    PIPECAT_CLOUD_PUBLIC_URL: publicUrl,
    PIPECAT_CLOUD_PASSWORDS: 'on',
    ...environment,
  });
  const entrance = composeSignIn({
    ...world,
    config,
    digests,
    log: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
    sendMail: async (mail) => void mails.push(mail),
  });
  const uses = createCredentialUse(world.store);
  const cache = createAccessCache();
  cache.setUsable(false);
  const http: FastifyInstance = createHttp(pino({ enabled: false }));
  const authenticator = createAuthenticator({
    ...world,
    digests,
    uses,
    throttle: createThrottle({ clock: world.clock, limit: 60, windowSeconds: 60 }),
    sessionOf: entrance.sessions.sessionOf,
    publicUrl: config.publicUrl,
    cache,
    oauthOf: async () => undefined,
    onFirstUse: async (token) => token,
    onReuse: async () => {},
  });
  addSecurityHeaders(http, config.publicUrl);
  addAuthHook(http, { authenticator, authorizer: world.authorizer, publicUrl: config.publicUrl });
  await entrance.register(http);
  await http.ready();

  const browser = (headers: Record<string, string> = page, remoteAddress = '192.0.2.77') =>
    createBrowser(http, headers, remoteAddress);
  /** The newest code that was mailed to the address, once it is there. */
  async function mailedCode(email: string, after: number): Promise<string> {
    return await vi.waitFor(() => {
      const mail = mails.slice(after).find(({ to, text }) => to === email && /: \d{8} /.test(text));
      return /: (\d{8}) /.exec(mail?.text ?? '')?.[1] ?? expect.fail('no code was mailed');
    });
  }

  return {
    ...world,
    ...entrance,
    config,
    digests,
    http,
    mails,
    /** What was logged as a warning or worse. */
    logged,
    /** A browser of its own: keeps cookies, sends what the dashboard's page sends. */
    browser,
    mailedCode,
    /** A browser that is signed in by e-mail code. */
    async signedIn(email: string, remoteAddress?: string) {
      const tab = browser(page, remoteAddress);
      const before = mails.length;
      await tab.send('POST', '/auth/code', { email });
      const code = await mailedCode(email, before);
      expect((await tab.send('POST', '/auth/session', { email, code })).status).toBe(200);
      return tab;
    },
    /** One more factor in the session, by e-mail code. */
    async confirmByEmail(tab: TestBrowser, email: string) {
      const before = mails.length;
      await tab.send('POST', '/v1/users/self/step-up/code', {});
      const code = await mailedCode(email, before);
      expect((await tab.send('POST', '/v1/users/self/step-up', { code })).status).toBe(200);
    },
    async drop() {
      await http.close();
      await uses.close();
      await entrance.close();
      await world.drop();
    },
  };
}
export type SignInWorld = Awaited<ReturnType<typeof openSignIn>>;

function createBrowser(http: FastifyInstance, headers: Record<string, string>, remoteAddress: string) {
  const jar = new Map<string, string>();
  return {
    jar,
    cookie: () => [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
    async send(
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
      url: string,
      body?: object,
      extra: Record<string, string> = {},
    ) {
      const request: InjectOptions = {
        method,
        url,
        remoteAddress,
        headers: { ...headers, cookie: this.cookie(), ...extra },
      };
      if (body) request.payload = body;
      const answer = await http.inject(request);
      for (const { name, value } of answer.cookies) {
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      const json = String(answer.headers['content-type']).includes('json');
      return { status: answer.statusCode, headers: answer.headers, body: json ? answer.json() : answer.body };
    },
  };
}
export type TestBrowser = ReturnType<typeof createBrowser>;
