import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { beforeEach, describe, expect, test } from 'vitest';
import { whyNoBrowser } from './lib/oauth/reach.js';
import { useCli } from './testing/cli.js';
import { accessToken, issuerRoutes, refreshToken, tokenForms, tokens } from './testing/issuer.js';
import { organizations, user, useServer } from './testing/server.js';
import { runOnTerminal } from './testing/terminal.js';

const cli = useCli();
const server = useServer();
let config: string;
let runs = 0;

beforeEach(() => {
  config = join(cli.folder, `login-${runs++}`, 'pipecatcloud.toml');
  server.routes = {
    ...issuerRoutes(server.host),
    'GET /v1/organizations': organizations,
    'GET /v1/users': user,
  };
});

const stored = async () => parse(await readFile(config, 'utf8'));
const nothingStored = () => expect(stat(config)).rejects.toThrow('ENOENT');

/** A browser that does at once what the person would: it calls the client back with these parameters, one set after the other. */
async function browserThatAnswers(...answers: Record<string, string>[]): Promise<string> {
  return await cli.file(
    `browser-${runs}.mjs`,
    `#!/usr/bin/env node
     const asked = new URL(process.argv[2]).searchParams;
     for (const answer of ${JSON.stringify(answers)}) {
       const url = new URL(asked.get('redirect_uri'));
       for (const [name, value] of Object.entries({ state: asked.get('state'), ...answer })) url.searchParams.set(name, value);
       await fetch(url);
     }`,
    0o700,
  );
}
const login = (browser: string, args: string[] = []) =>
  runOnTerminal(['auth', 'login', ...args], {
    env: { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config, HOME: cli.home, BROWSER: browser },
  });
const good = () => ({ code: 'code-1', iss: server.host });

describe('auth login through a browser', () => {
  test('asks with PKCE on a port of the contract, and stores what official clients read', async () => {
    const outcome = await login(await browserThatAnswers(good()));
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.stdout).toContain('dev@example.com');
    expect(outcome.stdout + outcome.stderr).not.toMatch(/0123456789abcdef|code-1/);

    const url = new URL(/http:\S+\/oauth\/authorize\S+/.exec(outcome.stderr)?.[0] ?? '');
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({
      ...{ response_type: 'code', client_id: 'pcc-cli', scope: 'openid email', code_challenge_method: 'S256' },
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:840[0-4]\/oauth_callback$/),
    });
    expect(asked.state).toHaveLength(43);
    const [form] = tokenForms(server);
    expect(form).toMatchObject({
      ...{ grant_type: 'authorization_code', code: 'code-1', client_id: 'pcc-cli' },
      redirect_uri: asked.redirect_uri,
    });
    const verifier = form?.code_verifier ?? '';
    expect(verifier).toHaveLength(86);
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(asked.code_challenge);

    expect((await stat(config)).mode & 0o777).toBe(0o600);
    const values = await stored();
    expect(values).toMatchObject({ token: accessToken, refresh_token: refreshToken, org: 'acme' });
    expect(Number(values.token_expires_at)).toBeGreaterThan(Date.now() / 1000 + 3000);
    // The next command uses it.
    server.routes['GET /v1/organizations/acme/services'] = { json: { services: [] } };
    const next = await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config } });
    expect(next.code).toBe(0);
    expect(server.requests.at(-1)?.headers.authorization).toBe(`Bearer ${accessToken}`);
  });

  test('an answer with another state is not taken; the right one that follows is', async () => {
    const outcome = await login(
      await browserThatAnswers({ ...good(), code: 'planted', state: 'x'.repeat(43) }, good()),
    );
    expect(outcome.code).toBe(0);
    expect(tokenForms(server).map(({ code }) => code)).toEqual(['code-1']);
  });

  test.each([
    ['another server’s name', { code: 'c', iss: 'https://evil.example' }],
    ['no name, though the server always gives its own', { code: 'c' }],
  ])('an answer with %s is not used', async (_, answer) => {
    const outcome = await login(await browserThatAnswers(answer));
    expect([outcome.code, tokenForms(server)]).toEqual([1, []]);
    expect(outcome.stderr).toContain('another server');
    await nothingStored();
  });

  test('a refusal in the browser is told as one', async () => {
    const outcome = await login(await browserThatAnswers({ error: 'access_denied', iss: server.host }));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('refused in the browser');
    await nothingStored();
  });

  test('with all five ports taken it goes on with a code', async () => {
    const taken = await Promise.all([8400, 8401, 8402, 8403, 8404].map(occupy));
    try {
      server.routes['POST /oauth/device/code'] = { status: 400, json: { error: 'invalid_request' } };
      const outcome = await login(await browserThatAnswers(good()));
      expect(outcome.stderr).toContain('ports 8400 to 8404 are all taken');
      expect(server.calls()).toContain('POST /oauth/device/code');
    } finally {
      for (const listening of taken) listening?.close();
    }
  });
});

describe('an issuer that is not as it should be is refused before anything is sent to it', () => {
  test.each<[string, Record<string, unknown>]>([
    ['names another issuer', { issuer: 'https://evil.example' }],
    ['takes codes in the open', { token_endpoint: 'http://auth.example.com/token' }],
    ['asks people in the open', { authorization_endpoint: 'http://auth.example.com/authorize' }],
    ['has no PKCE with S256', { code_challenge_methods_supported: ['plain'] }],
    ['gives no codes', { response_types_supported: ['token'] }],
  ])('%s', async (_, changes) => {
    Object.assign(server.routes, issuerRoutes(server.host, changes));
    const outcome = await login(await browserThatAnswers(good()));
    expect(outcome.code).toBe(12);
    expect(outcome.stderr).toContain('use-pat');
    expect(server.calls().filter((call) => call.startsWith('POST'))).toEqual([]);
  });
});

describe('auth login with a code', () => {
  const started = {
    device_code: 'device-code-secret',
    user_code: 'WDJB-MJHT',
    verification_uri: 'http://localhost/device',
    expires_in: 600,
    interval: 0.01,
  };
  const headless = (flag = '--headless') =>
    cli.run(['auth', 'login', flag], { env: { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config } });
  const refusal = (error: string) => ({ status: 400, json: { error } });

  test.each(['--headless', '--device'])(
    '%s shows page and code, and waits patiently, also without a terminal',
    async (flag) => {
      server.routes['POST /oauth/device/code'] = { json: started };
      const answers = [refusal('authorization_pending'), refusal('authorization_pending'), tokens];
      server.routes['POST /oauth/token'] = () => answers.shift() ?? refusal('invalid_grant');
      const outcome = await headless(flag);
      expect(outcome.code).toBe(0);
      expect(outcome.stderr).toMatch(/http:\/\/localhost\/device[\s\S]*WDJB-MJHT/);
      expect(outcome.stdout + outcome.stderr).not.toContain('device-code-secret');
      expect(await stored()).toMatchObject({ token: accessToken, refresh_token: refreshToken });
    },
  );

  test('told to slow down it waits five seconds longer', async () => {
    server.routes['POST /oauth/device/code'] = { json: started };
    const times: number[] = [];
    const answers = [refusal('slow_down'), tokens];
    server.routes['POST /oauth/token'] = () => {
      times.push(performance.now());
      return answers.shift() ?? refusal('invalid_grant');
    };
    expect((await headless()).code).toBe(0);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(4_900);
  });

  test.each([
    ['access_denied', 1, 'refused'],
    ['expired_token', 10, 'expired'],
    ['invalid_grant', 1, 'failed'],
  ])('%s ends it', async (error, code, text) => {
    server.routes['POST /oauth/device/code'] = { json: started };
    server.routes['POST /oauth/token'] = refusal(error);
    const outcome = await headless();
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(text);
    await nothingStored();
  });

  test('without a terminal and without --headless: one line with the way out, before any request', async () => {
    const outcome = await cli.run(['auth', 'login'], { env: { PIPECAT_API_HOST: server.host } });
    expect([outcome.code, server.requests]).toEqual([2, []]);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(outcome.stderr).toMatch(/PIPECAT_TOKEN.*--headless/);
  });
});

test.each<[string, Record<string, string>, NodeJS.Platform, boolean]>([
  ['a desktop', { DISPLAY: ':0' }, 'linux', true],
  ['Wayland', { WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true],
  ['a browser of one’s own', { BROWSER: 'w3m' }, 'linux', true],
  ['an editor’s terminal on a remote machine', { BROWSER: '/helper.sh', SSH_CONNECTION: 'x' }, 'linux', true],
  ['no display', {}, 'linux', false],
  ['SSH with a forwarded display', { SSH_CONNECTION: 'x', DISPLAY: 'localhost:10' }, 'linux', false],
  ['SSH to a Mac', { SSH_TTY: '/dev/ttys1' }, 'darwin', false],
  ['a Mac', {}, 'darwin', true],
  ['a Pod', { KUBERNETES_SERVICE_HOST: '10.0.0.1', DISPLAY: ':0' }, 'linux', false],
])('can a browser come back to %s', (_, env, platform, reachable) => {
  expect(whyNoBrowser({ env, platform }, () => false) === undefined).toBe(reachable);
});

test('in a container none can', () => {
  expect(whyNoBrowser({ env: { DISPLAY: ':0' }, platform: 'linux' }, (path) => path === '/.dockerenv')).toContain(
    'container',
  );
});

function occupy(port: number): Promise<Server | undefined> {
  const listening = createServer();
  return new Promise((resolve) => {
    listening.once('error', () => resolve(undefined));
    listening.listen(port, '127.0.0.1', () => resolve(listening));
  });
}
