import { rmSync, writeFileSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defaultPolicy } from '@pipecat-cloud/contract/policies';
import type { CreatedToken, RotatedToken, TokenList } from '@pipecat-cloud/contract/tokens';
import { parse } from 'smol-toml';
import { beforeEach, describe, expect, test } from 'vitest';
import { freshSecret, inDays, serviceAccount, tokenRow } from './testing/access.js';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';
import { runOnTerminal } from './testing/terminal.js';

const cli = useCli();
const server = useServer();
const org = '/v1/organizations/acme';
const other = 'pcc_pat_ffffffffffffffffffffffffffffffffffffffff00000000';
let env: Record<string, string>;

const tokens = (...list: TokenList['tokens']) => ({ json: { tokens: list } satisfies TokenList });
const created = (changes = {}) => ({ json: { token: tokenRow(changes), value: freshSecret } satisfies CreatedToken });
const rotated = (): { json: RotatedToken } => ({
  json: {
    token: tokenRow({ id: '77777777-0000-4000-8000-000000000000', state: 'pending' }),
    value: freshSecret,
    predecessor: tokenRow({ state: 'rotating', endsAt: inDays(1) }),
  },
});
const sent = () => server.requests.filter(({ method }) => method !== 'GET').map((request) => request.json());

beforeEach(() => {
  env = {
    PIPECAT_API_HOST: server.host,
    PIPECAT_TOKEN: token,
    PIPECAT_ORG: 'acme',
    PIPECAT_CONFIG_PATH: '/nonexistent/x',
  };
  server.routes = {
    'GET /v1/tokens': tokens(tokenRow()),
    'GET /v1/tokens/self': { json: { token: tokenRow() } },
    [`GET ${org}/service-accounts`]: { json: { serviceAccounts: [serviceAccount()] } },
    [`GET ${org}/service-accounts/sa_1/tokens`]: tokens(tokenRow({ name: 'robot' })),
    [`GET ${org}/policy`]: { json: { policy: defaultPolicy, updatedAt: null } },
    [`GET ${org}/tokens`]: tokens(tokenRow({ owner: { kind: 'user', id: 'usr_2', name: 'leaver@example.com' } })),
  };
});

describe('token create', () => {
  test('prints the value alone when piped, and sends what the flags say', async () => {
    server.routes['POST /v1/tokens'] = created({ grant: { preset: 'deploy' } });
    const args = ['token', 'create', '--name', 'ci', '--days', 'none', '--preset', 'Deploy', '--agent', 'a', '--agent'];
    const more = ['b,c', '--network', '10.0.0.0/8', '--organization-only', 'acme'];
    const outcome = await cli.run([...args, ...more], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: `${freshSecret}\n` });
    expect(outcome.stderr).toContain('is made: deploy, until');
    expect(sent()).toEqual([
      {
        name: 'ci',
        expiresInDays: null,
        grant: { preset: 'deploy', organizations: ['acme'], agents: ['a', 'b', 'c'], networks: ['10.0.0.0/8'] },
      },
    ]);
  });

  test('leaves life and grant to the server when no flag names them', async () => {
    server.routes[`POST ${org}/service-accounts/sa_1/tokens`] = created({ kind: 'serviceAccount' });
    const outcome = await cli.run(['token', 'create', '-n', 'ci', '--service-account', 'deployer', '--json'], { env });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ value: freshSecret, token: { kind: 'serviceAccount' } });
    expect(outcome.stderr).toBe('');
    expect(sent()).toEqual([{ name: 'ci' }]);
  });

  test('on a terminal the value stands on a line of its own, said to be shown once', async () => {
    server.routes['POST /v1/tokens'] = created();
    const { stdout } = await runOnTerminal(['token', 'create', '--name', 'ci'], { env });
    expect(stdout).toContain('shown this once');
    expect(stdout.split('\n')).toContain(freshSecret);
    const only = await runOnTerminal(['token', 'create', '--name', 'ci', '--value-only'], { env });
    expect(only.stdout).toBe(`${freshSecret}\n`);
  });

  test.each([
    [['--permission', 'agents:dploy'], 'Did you mean agents:read or agents:deploy or agents:delete?'],
    [['--permission', 'agents:read', '--preset', 'deploy'], 'not both'],
    [['--days', '0'], 'from 1 to 3650, or none'],
    [['--expires-at', 'tomorrow'], 'is no date'],
    [['--preset', 'everything'], 'deploy or readOnly'],
    [['-o', 'acme'], '--organization-only acme'],
  ])('%j: exit 2, and nothing is sent', async (args, text) => {
    const outcome = await cli.run(['token', 'create', '--name', 'x', ...args], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(text);
    expect(server.requests).toEqual([]);
  });
});

describe('a token may be named', () => {
  const ids = [
    'aaaa1111-0000-4000-8000-000000000001',
    'aaaa2222-0000-4000-8000-000000000002',
    'bbbb0000-0000-4000-8000-0',
  ];
  beforeEach(() => {
    const live = ids.map((id, at) => tokenRow({ id, name: at === 2 ? 'other' : 'twin' }));
    for (const row of live) server.routes[`GET /v1/tokens/${row.id}`] = { json: { token: row } };
    server.routes['GET /v1/tokens'] = tokens(
      ...live,
      tokenRow({ id: 'cccc0000-0000-4000-8000-000000000003', name: 'other', state: 'revoked' }),
    );
  });

  test.each([[ids[0]], ['aaaa1'], ['AAAA1'], ['other'], ['bbbb']])('by %s', async (wanted = '') => {
    for (const id of ids) server.routes[`DELETE /v1/tokens/${id}`] = { json: { status: 'OK' } };
    const shown = await cli.run(['token', 'show', wanted, '--json'], { env });
    const { id, name } = JSON.parse(shown.stdout).token;
    expect([id, name].some((text: string) => text.startsWith(wanted.toLowerCase()))).toBe(true);
    // Live ones go first.
    expect(id).not.toMatch(/^cccc/);
    const outcome = await cli.run(['token', 'revoke', wanted, '--force'], { env });
    expect(server.calls()).toContain(`DELETE /v1/tokens/${id}`);
    if (wanted === ids[0]) expect(outcome.stderr).toBe('');
    else expect(outcome.stderr).toContain(`'${wanted}' is the token`);
  });

  test.each(['aaaa', 'twin'])('%s is ambiguous: exit 2, with the candidates', async (wanted) => {
    const outcome = await cli.run(['token', 'revoke', wanted, '--force'], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(ids[0]);
    expect(outcome.stderr).toContain(ids[1]);
    expect(sent()).toEqual([]);
  });

  test('by its value: exit 2, and the value is not repeated', async () => {
    const outcome = await cli.run(['token', 'revoke', freshSecret, '--force'], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).not.toContain(freshSecret);
    expect(server.requests).toEqual([]);
  });

  test('by something else: exit 8; three characters are too few', async () => {
    expect((await cli.run(['token', 'show', 'nope'], { env })).code).toBe(8);
    expect((await cli.run(['token', 'show', 'bbb'], { env })).code).toBe(8);
  });
});

describe('token list', () => {
  test('shows live ones, and counts those that ended', async () => {
    server.routes['GET /v1/tokens'] = tokens(tokenRow(), tokenRow({ name: 'gone', state: 'expired' }));
    const outcome = await cli.run(['token', 'list'], { env });
    expect(outcome.stdout).toContain('60 days');
    expect(outcome.stdout).not.toContain('gone');
    expect(outcome.stderr).toContain('1 token that ended');
    expect((await cli.run(['token', 'list', '--ended'], { env })).stdout).toContain('gone');
  });

  test('of a service account, and of the organization with owners', async () => {
    expect((await cli.run(['token', 'list', '--service-account', 'deployer'], { env })).stdout).toContain('robot');
    expect((await cli.run(['token', 'list', '--all'], { env })).stdout).toContain('leaver@example.com');
    const unknown = await cli.run(['token', 'list', '--service-account', 'nobody'], { env });
    expect(unknown.code).toBe(8);
    expect(unknown.stderr).toContain('There are: deployer');
  });

  test('says which tokens wait for an approval, and which were denied', async () => {
    server.routes[`GET ${org}/tokens`] = tokens(
      tokenRow({ decision: 'pending' }),
      tokenRow({ id: 'dddd0000-1', decision: 'denied' }),
      tokenRow({ id: 'eeee0000-1', decision: 'approved' }),
    );
    const states = async (approvalRequired: boolean) => {
      server.routes[`GET ${org}/policy`] = {
        json: { policy: { ...defaultPolicy, approvalRequired }, updatedAt: null },
      };
      const { stdout } = await cli.run(['token', 'list', '--all'], { env });
      return stdout.match(/to approve|denied|active/g);
    };
    expect(await states(true)).toEqual(['to approve', 'denied', 'active']);
    // Where nothing needs an approval, an open one keeps nothing out.
    expect(await states(false)).toEqual(['active', 'denied', 'active']);
  });

  test('fits 80 columns', async () => {
    const { stdout } = await runOnTerminal(['token', 'list', '--all'], { env, columns: 80 });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('3f2a91c0  ci');
  });
});

describe('token rotate', () => {
  const stored = (secret = token) =>
    cli.file('rotate/pipecatcloud.toml', `token = "${secret}"\norg = "acme"\n[acme]\napi_host = "${server.host}"\n`);
  beforeEach(() => {
    server.routes['POST /v1/tokens/self/rotate'] = rotated();
  });

  test('self, from a variable: prints the new value alone', async () => {
    const outcome = await cli.run(['token', 'rotate', 'self', '--leaked'], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: `${freshSecret}\n` });
    expect(sent()).toEqual([{ overlapHours: 0 }]);
  });

  test('self, from the file: the file gets the new secret, closed to others, and stdout does not', async () => {
    const config = await stored();
    const outcome = await cli.run(['token', 'rotate', 'self'], { env: { PIPECAT_CONFIG_PATH: config } });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('stored in');
    expect(outcome.stdout).not.toContain(freshSecret);
    expect(parse(await readFile(config, 'utf8'))).toEqual({
      ...{ token: freshSecret, org: 'acme' },
      acme: { api_host: server.host },
    });
    expect((await stat(config)).mode & 0o777).toBe(0o600);
    const json = await cli.run(['token', 'rotate', 'self', '--json'], { env: { PIPECAT_CONFIG_PATH: await stored() } });
    expect(json.stdout).not.toContain(freshSecret);
  });

  test('by its id it is the same as self', async () => {
    server.routes['GET /v1/tokens'] = tokens(tokenRow({ masked: 'pcc_pat_…4567' }));
    const config = await stored();
    const outcome = await cli.run(['token', 'rotate', 'ci'], { env: { PIPECAT_CONFIG_PATH: config } });
    expect(outcome.code).toBe(0);
    expect(parse(await readFile(config, 'utf8')).token).toBe(freshSecret);
    expect(server.calls()).toContain('POST /v1/tokens/self/rotate');
  });

  test('a file that can not be written any more: the secret is printed, exit 1', async () => {
    const config = await stored();
    server.routes['POST /v1/tokens/self/rotate'] = () => {
      // In the place of its folder stands a file now, below which no user can write.
      rmSync(dirname(config), { recursive: true });
      writeFileSync(dirname(config), '');
      return rotated();
    };
    const outcome = await cli.run(['token', 'rotate', 'self'], { env: { PIPECAT_CONFIG_PATH: config } });
    await rm(dirname(config), { recursive: true, force: true });
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toBe(`${freshSecret}\n`);
    expect(outcome.stderr).toContain('could not be stored');
  });

  test('a file that another command has written meanwhile stays as it is: the secret is printed, exit 1', async () => {
    const config = await stored();
    server.routes['POST /v1/tokens/self/rotate'] = () => {
      writeFileSync(config, `token = "${other}"\n`);
      return rotated();
    };
    const outcome = await cli.run(['token', 'rotate', 'self'], { env: { PIPECAT_CONFIG_PATH: config } });
    expect(outcome).toMatchObject({ code: 1, stdout: `${freshSecret}\n` });
    expect(parse(await readFile(config, 'utf8')).token).toBe(other);
  });

  test('again, by the name that predecessor and successor share: the predecessor', async () => {
    const successor = tokenRow({
      id: '88888888-0000-4000-8000-000000000000',
      state: 'pending',
      masked: 'pcc_pat_…1111',
    });
    const predecessor = tokenRow({ state: 'rotating', successorId: successor.id, masked: 'pcc_pat_…9999' });
    server.routes['GET /v1/tokens'] = tokens(successor, predecessor);
    server.routes[`POST /v1/tokens/${predecessor.id}/rotate`] = rotated();
    expect((await cli.run(['token', 'rotate', 'ci'], { env })).code).toBe(0);
    // To end one and leave the other alive must be somebody's choice.
    expect((await cli.run(['token', 'revoke', 'ci', '--force'], { env })).code).toBe(2);
  });

  test('another, and one of a service account', async () => {
    const id = tokenRow().id;
    server.routes['GET /v1/tokens'] = tokens(tokenRow({ masked: 'pcc_pat_…9999' }));
    server.routes[`POST /v1/tokens/${id}/rotate`] = rotated();
    server.routes[`POST ${org}/service-accounts/sa_1/tokens/${id}/rotate`] = rotated();
    await cli.run(['token', 'rotate', 'ci', '--days', '30', '--overlap-hours', '1.5'], { env });
    await cli.run(['token', 'rotate', 'robot', '--service-account', 'deployer'], { env });
    expect(sent()).toEqual([{ expiresInDays: 30, overlapHours: 1.5 }, {}]);
  });
});

test('token derive: from the one in use, or from another', async () => {
  server.routes['POST /v1/tokens/self/derive'] = created({ expiresAt: inDays(0.5) });
  server.routes[`POST /v1/tokens/${tokenRow().id}/derive`] = created();
  const first = await cli.run(['token', 'derive', '--name', 'job', '--minutes', '30', '--permission', 'logs:read'], {
    env,
  });
  expect(first.stdout).toBe(`${freshSecret}\n`);
  await cli.run(['token', 'derive', '--name', 'job', '--from', 'ci'], { env });
  expect(sent()).toEqual([
    { name: 'job', expiresInMinutes: 30, grant: { permissions: ['logs:read'] } },
    { name: 'job' },
  ]);
});

test('a sign-in has no self, and is told what to do instead', async () => {
  const signedIn = { ...env, PIPECAT_TOKEN: 'pcc_oat_something' };
  for (const args of [
    ['show', 'self'],
    ['rotate', 'self'],
    ['derive', '--name', 'x'],
    ['revoke', 'self', '--force'],
  ]) {
    const outcome = await cli.run(['token', ...args], { env: signedIn });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('token list');
  }
  expect(server.requests).toEqual([]);
});

describe('token revoke', () => {
  test.each([
    [['revoke', 'ci'], 'DELETE /v1/tokens/self'],
    [['revoke', 'self'], 'DELETE /v1/tokens/self'],
    [
      ['revoke', 'robot', '--service-account', 'deployer'],
      `DELETE ${org}/service-accounts/sa_1/tokens/${tokenRow().id}`,
    ],
    [['revoke', 'ci', '--all'], `DELETE ${org}/tokens/${tokenRow().id}`],
  ])('%j', async (args, call) => {
    server.routes[call] = { json: { status: 'OK' } };
    expect((await cli.run(['token', ...args], { env })).code).toBe(2);
    expect(sent()).toEqual([]);
    expect((await cli.run(['token', ...args, '--force'], { env })).code).toBe(0);
    expect(server.calls()).toContain(call);
  });

  test('one that has ended is left alone', async () => {
    server.routes['GET /v1/tokens'] = tokens(tokenRow({ state: 'revoked' }));
    const outcome = await cli.run(['token', 'revoke', 'ci', '--force'], { env });
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.stdout).toContain('revoked already');
    expect(server.calls().some((call) => call.startsWith('DELETE'))).toBe(false);
  });
});

test('token adopt, approve and deny name a token of the organization', async () => {
  const path = `${org}/tokens/${tokenRow().id}`;
  server.routes[`POST ${path}/adopt`] = { json: { token: tokenRow() } };
  server.routes[`POST ${path}/decision`] = { json: { status: 'OK' } };
  const adopted = await cli.run(['token', 'adopt', 'ci', '--service-account', 'deployer'], { env });
  expect(adopted.stdout).toContain('before to leaver@example.com');
  await cli.run(['token', 'approve', '3f2a'], { env });
  await cli.run(['token', 'deny', '3f2a'], { env });
  expect(sent()).toEqual([{ serviceAccountId: 'sa_1' }, { state: 'approved' }, { state: 'denied' }]);
});

describe('token panic', () => {
  beforeEach(() => {
    const answer = { json: { revoked: [tokenRow({ state: 'revoked' })] } };
    server.routes['POST /v1/tokens/panic'] = answer;
    server.routes[`POST ${org}/panic`] = answer;
    const member = { userId: 'usr_2', email: 'Dev@example.com', role: 'viewer', createdAt: inDays(-9) };
    server.routes[`GET ${org}/members`] = { json: { members: [member] } };
  });

  test.each([
    [[], 'POST /v1/tokens/panic', {}],
    [['--user', 'dev@example.com'], `POST ${org}/panic`, { userId: 'usr_2' }],
    [['--service-account', 'deployer'], `POST ${org}/panic`, { serviceAccountId: 'sa_1' }],
    [['-o', 'acme'], `POST ${org}/panic`, {}],
  ])('%j', async (args, call, body) => {
    const all = ['token', 'panic', '--since', '2026-04-20', ...args];
    expect((await cli.run(all, { env })).code).toBe(2);
    expect(sent()).toEqual([]);
    const outcome = await cli.run([...all, '--force'], { env });
    expect(outcome.stdout).toContain('1 token revoked');
    expect(server.calls()).toContain(call);
    expect(sent()).toEqual([{ since: '2026-04-20T00:00:00.000Z', ...body }]);
  });

  test('takes how long ago', async () => {
    await cli.run(['token', 'panic', '--since', '2h', '--force'], { env });
    const [{ since }] = sent() as [{ since: string }];
    const age = Date.now() - Date.parse(since);
    expect(age).toBeGreaterThanOrEqual(7_200_000);
    expect(age).toBeLessThan(7_320_000);
    expect((await cli.run(['token', 'panic', '--since', 'lately', '--force'], { env })).code).toBe(2);
  });
});

describe('the token in use ends soon', () => {
  const list = 'GET /v1/organizations/acme/regions';
  const region = { regions: [{ code: 'local', display_name: 'Here' }] };
  const answer = (leftDays: number, lifeDays?: number) => ({
    json: region,
    headers: {
      'Pipecat-Token-Expires-At': inDays(leftDays),
      ...(lifeDays === undefined ? {} : { 'Pipecat-Token-Created-At': inDays(leftDays - lifeDays) }),
    },
  });
  const warning = async (variables: Record<string, string> = {}) => {
    const { stderr } = await cli.run(['regions', 'list'], { env: { ...env, ...variables } });
    return /ends in ([^(]+) \(/.exec(stderr)?.[1] ?? stderr;
  };

  test('says so once, on stderr', async () => {
    server.routes[list] = answer(3.5, 90);
    server.routes['GET /v1/organizations/acme/services'] = { ...answer(3.5, 90), json: { services: [] } };
    const outcome = await cli.run(['agent', 'list', '--json', '--region', 'local'], { env });
    expect(JSON.parse(outcome.stdout)).toEqual({ agents: [] });
    expect(outcome.stderr.match(/ends in 3 days/g)).toHaveLength(1);
    expect(await warning({ PIPECAT_NO_EXPIRY_WARNING: '1' })).toBe('');
  });

  test.each([
    ['a quarter', 90, 7.5, ''],
    ['a quarter', 90, 6.5, '6 days'],
    ['a month', 30, 6.5, ''],
    ['a month', 30, 5.5, '5 days'],
    ['a day, as the first of an installation has', 1, 0.95, ''],
    ['a day', 1, 0.15, '3 hours'],
    ['nobody knows how long', undefined, 7.5, ''],
    ['nobody knows how long', undefined, 6.5, '6 days'],
  ])('of a token for %s (%s days), with %s left: %o', async (_, life, left, expected) => {
    server.routes[list] = answer(left, life);
    expect(await warning()).toBe(expected);
  });

  test('says nothing of one for a single job', async () => {
    server.routes[list] = answer(0.0001, 0.01);
    expect(await warning({ PIPECAT_TOKEN: 'pcc_pat_ci_0123456789abcdef0123456789abcdef01234567741434e6' })).toBe('');
  });
});

describe('requests carry the page of the CI run', () => {
  const list = 'GET /v1/organizations/acme/services';
  const github = { GITHUB_SERVER_URL: 'https://git.example.com', GITHUB_REPOSITORY: 'team/app', GITHUB_RUN_ID: '42' };
  test.each([
    [github, 'https://git.example.com/team/app/actions/runs/42'],
    [{ CI_JOB_URL: 'https://gitlab.example.com/a/-/jobs/1' }, 'https://gitlab.example.com/a/-/jobs/1'],
    [{ BUILD_URL: 'http://jenkins.example.com/job/a/1/' }, 'http://jenkins.example.com/job/a/1/'],
    [{ BUILDKITE_BUILD_URL: 'https://buildkite.com/a/b/builds/1' }, 'https://buildkite.com/a/b/builds/1'],
    [{ CIRCLE_BUILD_URL: 'https://circleci.com/gh/a/b/1' }, 'https://circleci.com/gh/a/b/1'],
    [{ BUILD_URL: 'javascript:alert(1)' }, undefined],
    [{ BUILD_URL: 'https://user:secret@ci.example.com/1' }, undefined],
    [{ BUILD_URL: `https://ci.example.com/${'x'.repeat(600)}` }, undefined],
    [{ BUILD_URL: 'https://ci.example.com/a\r\nX-Other: b' }, 'https://ci.example.com/aX-Other:%20b'],
    [{}, undefined],
  ])('%o', async (variables, expected) => {
    server.routes[list] = { json: { services: [] } };
    expect((await cli.run(['agent', 'list'], { env: { ...env, ...variables } })).code).toBe(0);
    expect(server.requests.map(({ headers }) => headers['pipecat-ci-run'])).toEqual([expected]);
  });
});

test('what was used of a token’s permissions is said, and what never was', async () => {
  const permissionUse = { held: ['agents:read', 'logs:read'], used: ['logs:read'], since: '2026-04-20T10:00:00.000Z' };
  const row = tokenRow();
  server.routes['GET /v1/tokens'] = tokens(row);
  server.routes[`GET /v1/tokens/${row.id}`] = { json: { token: { ...row, permissionUse } } };
  const { stdout } = await cli.run(['token', 'show', String(row.id)], { env });
  expect(stdout).toMatch(/Really used +1 of 2 permissions since 2026-04-20; never agents:read/);
});

test('what others call their tokens and clients moves no cursor', async () => {
  const [esc, bell] = ['\u001b', '\u0007'];
  const evil = tokenRow({ name: `ci${esc}[2J`, lastUsedUserAgent: `${esc}]0;title${bell}curl` });
  server.routes['GET /v1/tokens'] = tokens(evil);
  server.routes[`GET /v1/tokens/${evil.id}`] = { json: { token: evil } };
  for (const args of [['show', '3f2a'], ['list'], ['revoke', '3f2a', '--force']]) {
    const { stdout, stderr } = await cli.run(['token', ...args], { env });
    expect(stdout + stderr).toContain('ci');
    expect(stdout + stderr).not.toContain(esc);
    expect(stdout + stderr).not.toContain(bell);
  }
});

test('no fresh secret and no token reaches stderr', async () => {
  server.routes['POST /v1/tokens'] = created();
  const outcome = await cli.run(['token', 'create', '--name', 'ci'], { env });
  expect(outcome.stderr).not.toContain(freshSecret);
  expect(outcome.stdout + outcome.stderr).not.toContain(token);
});
