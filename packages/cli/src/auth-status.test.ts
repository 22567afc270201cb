import type { CanAnswer } from '@pipecat-cloud/contract/tokens';
import { beforeEach, describe, expect, test } from 'vitest';
import { inDays, tokenRow } from './testing/access.js';
import { useCli } from './testing/cli.js';
import { type Answer, organizations, token, user, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;

const self = (changes = {}): Answer => ({ json: { token: tokenRow(changes) } });
const can =
  (refused: Partial<Record<string, string>> = {}) =>
  ({ url }: { url: string }): Answer => {
    const { searchParams } = new URL(url, 'http://x');
    const permission = searchParams.get('permission') as CanAnswer['permission'];
    const reason = refused[permission];
    const answer: CanAnswer = {
      allowed: !reason,
      permission,
      organization: 'acme',
      ...(reason ? { reason, error: 'Ask dev@example.com.' } : {}),
    };
    return { json: answer };
  };
const refusal = (status: number, reason: string): Answer => ({
  status,
  json: { error: 'Refused.', code: String(status), reason, help: 'https://c.example.com/tokens' },
});

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };
  server.routes = {
    'GET /v1/users': user,
    'GET /v1/organizations': organizations,
    'GET /v1/tokens/self': self(),
    'GET /v1/tokens/self/can': can(),
  };
});

const check = (args: string[] = [], more: Record<string, string> = {}) =>
  cli.run(['auth', 'status', '--check', ...args], { env: { ...env, ...more } });

describe('auth status --check', () => {
  test('all is well: a line for each check, exit 0', async () => {
    const outcome = await check();
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const lines = outcome.stdout.trim().split('\n');
    expect(lines.every((line) => line.startsWith('✓'))).toBe(true);
    expect(lines).toContain('✓ may agents:deploy in acme');
    expect(lines).toContainEqual(expect.stringContaining('the token ends in 60 days'));
    expect(outcome.stdout).not.toContain(token);
  });

  test('asks for the permissions that are wanted, for each agent, in the organization', async () => {
    await check(['--permission', 'logs:read,sessions:read', '--agent', 'bot', '--agent', 'cat'], {
      PIPECAT_ORG: 'beta',
    });
    const asked = server.requests
      .filter(({ url }) => url.startsWith('/v1/tokens/self/can'))
      .map(({ url }) => url.split('?')[1]);
    expect(asked.sort()).toEqual(
      ['logs:read', 'sessions:read'].flatMap((permission) =>
        ['bot', 'cat'].map((agent) => `permission=${permission.replace(':', '%3A')}&agent=${agent}&organization=beta`),
      ),
    );
  });

  test.each<[string, () => void, string[], Record<string, string>, number, string]>([
    ['no token', () => undefined, [], { PIPECAT_TOKEN: '' }, 4, 'no_credential'],
    ['a server that is not there', () => undefined, [], { PIPECAT_API_HOST: 'http://127.0.0.1:9' }, 12, ''],
    ['something else there', () => route('GET /v1/tokens/self', { type: 'text/html', text: '<p>' }), [], {}, 12, ''],
    ['a rejected token', () => route('GET /v1/tokens/self', refusal(401, 'expired_token')), [], {}, 5, 'expired_token'],
    [
      'a wrong address',
      () => route('GET /v1/tokens/self', refusal(403, 'address_not_allowed')),
      [],
      {},
      6,
      'address_not_allowed',
    ],
    [
      'a wrong kind',
      () => route('GET /v1/users', refusal(403, 'wrong_credential_kind')),
      [],
      { PIPECAT_TOKEN: 'sk_x' },
      6,
      'wrong_credential_kind',
    ],
    ['another organization', () => undefined, [], { PIPECAT_ORG: 'gone' }, 7, 'wrong_organization'],
    [
      'a missing permission',
      () => route('GET /v1/tokens/self/can', can({ 'agents:deploy': 'missing_permission' })),
      [],
      {},
      6,
      'missing_permission',
    ],
    [
      'no answer about one',
      () => route('GET /v1/tokens/self/can', { status: 500, json: { error: 'x', code: '500' } }),
      [],
      {},
      12,
      '',
    ],
    [
      'an end that is near',
      () => route('GET /v1/tokens/self', self({ expiresAt: inDays(6.9) })),
      [],
      {},
      5,
      'expires_soon',
    ],
    [
      'the deadline of a rotation',
      () => route('GET /v1/tokens/self', self({ state: 'rotating', endsAt: inDays(1) })),
      [],
      {},
      5,
      'expires_soon',
    ],
    ['an end before --min-days', () => undefined, ['--min-days', '61'], {}, 5, 'expires_soon'],
  ])('%s is red', async (_, prepare, args, more, code, reason) => {
    prepare();
    const outcome = await check(args, more);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toMatch(/^✗ /m);
    expect(outcome.stderr).toContain('Error: Not ready: ');
    const json = await check([...args, '--json'], more);
    expect(json.code).toBe(code);
    const document = JSON.parse(json.stdout);
    expect(document).toMatchObject({ ok: false, code: 'NOT_READY', error: expect.any(String) });
    expect(document.reason ?? '').toBe(reason);
    expect(document.checks.some(({ ok }: { ok: boolean }) => !ok)).toBe(true);
  });

  test('the first failure decides, and the others are shown with their way out', async () => {
    route('GET /v1/tokens/self', self({ expiresAt: inDays(1) }));
    route('GET /v1/tokens/self/can', can({ 'org:read': 'blocked_by_policy', 'logs:read': 'missing_permission' }));
    const outcome = await check();
    expect(outcome.code).toBe(6);
    expect(outcome.stdout.match(/^✗ /gm)).toHaveLength(3);
    expect(outcome.stdout).toContain('Ask dev@example.com.');
    expect(outcome.stderr).toContain('and 2 more');
  });

  test('a token for one job may end soon', async () => {
    route('GET /v1/tokens/self', self({ kind: 'ci', expiresAt: inDays(0.01) }));
    const ci = 'pcc_pat_ci_0123456789abcdef0123456789abcdef01234567741434e6';
    expect((await check([], { PIPECAT_TOKEN: ci })).code).toBe(0);
  });

  test('a sign-in is judged by its role, and has no end', async () => {
    const list = (role?: string) => ({
      json: { organizations: [{ name: 'acme', verboseName: 'Acme', ...(role ? { role } : {}) }] },
    });
    const signedIn = { PIPECAT_TOKEN: 'pcc_oat_something' };
    route('GET /v1/organizations', list('developer'));
    const fine = await check([], signedIn);
    expect(fine.code).toBe(0);
    expect(fine.stdout).toContain('may agents:deploy in acme, as developer');
    route('GET /v1/organizations', list('viewer'));
    expect((await check([], signedIn)).code).toBe(6);
    route('GET /v1/organizations', list());
    expect((await check([], signedIn)).stdout).toContain("can't be told");
    expect(server.calls()).not.toContain('GET /v1/tokens/self/can');
  });

  test('an unknown permission is a wrong command line', async () => {
    expect((await check(['--permission', 'agents:dploy'])).code).toBe(2);
    expect((await cli.run(['auth', 'status', '--min-days', '3'], { env })).code).toBe(2);
    expect(server.requests).toEqual([]);
  });
});

describe('auth status', () => {
  test('who, where, with what, and where each came from', async () => {
    route('GET /v1/tokens/self', self({ grant: { preset: 'deploy', agents: ['bot'] } }));
    const { code, stdout } = await cli.run(['auth', 'status'], { env: { ...env, PIPECAT_ORG: 'beta' } });
    expect(code).toBe(0);
    for (const text of [
      'dev@example.com',
      'beta (PIPECAT_ORG)',
      '(PIPECAT_API_HOST)',
      'ci, pcc_pat_…4567 (PIPECAT_TOKEN)',
      'deploy',
      'bot',
      '60 days',
      tokenRow().id,
    ]) {
      expect(stdout).toContain(text);
    }
    const json = JSON.parse((await cli.run(['auth', 'status', '--json'], { env })).stdout);
    expect(json).toMatchObject({
      organization: { name: 'acme', source: 'server' },
      credential: { kind: 'personal', source: 'environment', from: 'PIPECAT_TOKEN' },
      token: { id: tokenRow().id },
    });
  });

  test('an organization that is out of reach is an error, after all that could be told', async () => {
    const gone = { env: { ...env, PIPECAT_ORG: 'gone' } };
    const outcome = await cli.run(['auth', 'status'], gone);
    expect(outcome.code).toBe(7);
    expect(outcome.stdout).toContain('dev@example.com');
    expect(outcome.stderr).toContain('It came from PIPECAT_ORG. The token reaches: acme, beta.');
    const json = JSON.parse((await cli.run(['auth', 'status', '--json'], gone)).stdout);
    expect(json).toMatchObject({ code: 'WRONG_ORGANIZATION', user: { email: 'dev@example.com' }, organization: null });
  });

  test('a rejected token is an error, not a status', async () => {
    route('GET /v1/users', refusal(401, 'revoked_token'));
    route('GET /v1/tokens/self', refusal(401, 'revoked_token'));
    route('GET /v1/organizations', refusal(401, 'revoked_token'));
    const outcome = await cli.run(['auth', 'status'], { env });
    expect(outcome).toMatchObject({ code: 5, stdout: '' });
    expect(outcome.stderr).toContain('See https://c.example.com/tokens');
  });
});

function route(call: string, answer: Answer | ReturnType<typeof can>): void {
  server.routes[call] = answer;
}
