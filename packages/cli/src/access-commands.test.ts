import { readFile } from 'node:fs/promises';
import type { ApiKeyList, CreatedApiKey } from '@pipecat-cloud/contract/api-keys';
import type { CreatedInvitation, Invitation, Member } from '@pipecat-cloud/contract/members';
import { defaultPolicy, type Policy } from '@pipecat-cloud/contract/policies';
import type { Token } from '@pipecat-cloud/contract/tokens';
import { parse } from 'smol-toml';
import { beforeEach, describe, expect, test } from 'vitest';
import { inDays, serviceAccount, tokenRow } from './testing/access.js';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';
import { runOnTerminal } from './testing/terminal.js';

const cli = useCli();
const server = useServer();
const org = '/v1/organizations/acme';
let env: Record<string, string>;

const ok = { json: { status: 'OK' as const } };
const sent = () =>
  server.requests
    .filter(({ method }) => method !== 'GET')
    .map((request) => [`${request.method} ${request.url}`, request.body.length > 0 ? request.json() : undefined]);

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  server.routes = {
    [`GET ${org}/service-accounts`]: {
      json: {
        serviceAccounts: [serviceAccount(), serviceAccount({ id: 'sa_2', name: 'old', disabledAt: inDays(-1) })],
      },
    },
  };
});

describe('service-accounts', () => {
  test('create, update, disable, enable and delete', async () => {
    const answer = { json: { serviceAccount: serviceAccount() } };
    server.routes[`POST ${org}/service-accounts`] = answer;
    server.routes[`PATCH ${org}/service-accounts/sa_1`] = answer;
    server.routes[`DELETE ${org}/service-accounts/sa_1`] = ok;
    const run = async (...args: string[]) => {
      const outcome = await cli.run(['service-accounts', ...args], { env });
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      return outcome.stdout;
    };
    await run('create', 'deployer', '--role', 'developer', '--description', 'CI');
    await run('update', 'deployer', '--role', 'viewer');
    await run('update', 'sa_1', '--description', '');
    await run('disable', 'deployer');
    await run('enable', 'deployer');
    await run('delete', 'deployer', '--force');
    expect(sent()).toEqual([
      [`POST ${org}/service-accounts`, { name: 'deployer', role: 'developer', description: 'CI' }],
      [`PATCH ${org}/service-accounts/sa_1`, { role: 'viewer' }],
      [`PATCH ${org}/service-accounts/sa_1`, { description: '' }],
      [`PATCH ${org}/service-accounts/sa_1`, { disabled: true }],
      [`PATCH ${org}/service-accounts/sa_1`, { disabled: false }],
      [`DELETE ${org}/service-accounts/sa_1`, undefined],
    ]);
  });

  test('list and show', async () => {
    const { stdout } = await cli.run(['service-accounts', 'list'], { env });
    expect(stdout).toMatch(/old\s+developer\s+disabled/);
    server.routes[`GET ${org}/service-accounts/sa_1/tokens`] = { json: { tokens: [tokenRow({ name: 'nightly' })] } };
    expect((await cli.run(['service-accounts', 'show', 'deployer'], { env })).stdout).toContain('nightly');
    expect((await cli.run(['service-accounts', 'show', 'nobody'], { env })).code).toBe(8);
  });

  test.each([
    [['create', 'Bad_Name', '--role', 'viewer']],
    [['create', 'fine']],
    [['create', 'fine', '--role', 'owner']],
    [['update', 'deployer']],
    [['delete', 'deployer']],
  ])('%j: exit 2, nothing is sent', async (args) => {
    expect((await cli.run(['service-accounts', ...args], { env })).code).toBe(2);
    expect(sent()).toEqual([]);
  });
});

describe('organizations', () => {
  test('create, rename, delete and default', async () => {
    const organization = { json: { organization: { id: 'org_2', name: 'beta', verboseName: 'Beta', role: 'owner' } } };
    server.routes['POST /v1/organizations'] = organization;
    server.routes[`PATCH ${org}`] = organization;
    server.routes[`DELETE ${org}`] = ok;
    server.routes['PATCH /v1/users'] = { json: { user: { userId: 'usr_1', emails: [] } } };
    await cli.run(['organizations', 'create', 'beta', '--title', 'Beta'], { env });
    await cli.run(['organizations', 'rename', 'Acme & Sons'], { env });
    await cli.run(['organizations', 'default', 'beta'], { env });
    expect((await cli.run(['organizations', 'delete', 'acme'], { env })).stderr).toContain('--force');
    const deleted = await cli.run(['organizations', 'delete', 'acme', '--force'], { env });
    expect(deleted.stderr).toContain('(from PIPECAT_ORG)');
    expect(sent()).toEqual([
      ['POST /v1/organizations', { name: 'beta', verboseName: 'Beta' }],
      [`PATCH ${org}`, { verboseName: 'Acme & Sons' }],
      ['PATCH /v1/users', { defaultOrganization: 'beta' }],
      [`DELETE ${org}`, undefined],
    ]);
  });
});

describe('organizations keys', () => {
  const listed: ApiKeyList = {
    public: [
      { id: 'key_1', key: 'pk_aaa', metadata: { name: 'web' }, createdAt: inDays(-9), revoked: false },
      { id: 'key_2', key: 'pk_bbb', metadata: { name: 'old' }, createdAt: inDays(-9), revoked: true },
    ],
    private: [
      { id: 'key_3', masked: 'sk_…cccc', metadata: { name: 'backend' }, createdAt: inDays(-9), revoked: false },
    ],
  };
  const made = (type: 'public' | 'private'): { json: CreatedApiKey } => ({
    json: {
      id: 'key_9',
      metadata: { name: 'new' },
      createdAt: inDays(0),
      revoked: false,
      type,
      key: type === 'public' ? 'pk_new' : 'sk_new',
    },
  });
  beforeEach(() => {
    server.routes[`GET ${org}/apiKeys`] = { json: listed };
    server.routes[`POST ${org}/apiKeys`] = (request) => made((request.json() as { type: 'public' }).type);
    server.routes[`POST ${org}/apiKeys/key_1/rotate`] = made('public');
    server.routes[`DELETE ${org}/apiKeys/key_3`] = ok;
  });

  test('list shows live ones of both kinds', async () => {
    const { stdout } = await cli.run(['organizations', 'keys', 'list'], { env });
    expect(stdout).toContain('pk_aaa');
    expect(stdout).toContain('sk_…cccc');
    expect(stdout).not.toContain('pk_bbb');
    expect((await cli.run(['organizations', 'keys', 'list', '--revoked'], { env })).stdout).toContain('pk_bbb');
  });

  test('create is public by default, and with --default goes into the table of the organization', async () => {
    const config = await cli.file(
      'keys.toml',
      `token = "${token}"\norg = "acme"\n[acme]\napi_host = "${server.host}"\n`,
    );
    const outcome = await cli.run(['organizations', 'keys', 'create', '-n', 'new', '-d'], {
      env: { PIPECAT_CONFIG_PATH: config },
    });
    expect(outcome).toMatchObject({ code: 0, stdout: 'pk_new\n' });
    expect(sent()).toEqual([[`POST ${org}/apiKeys`, { name: 'new', type: 'public' }]]);
    expect(parse(await readFile(config, 'utf8'))).toEqual({
      ...{ token, org: 'acme' },
      acme: { api_host: server.host, default_public_key: 'pk_new', default_public_key_name: 'new' },
    });
  });

  test('a private key is shown once, in a frame on a terminal', async () => {
    const args = ['organizations', 'keys', 'create', '--name', 'new', '--type', 'private'];
    expect((await cli.run(args, { env })).stdout).toBe('sk_new\n');
    const { stdout } = await runOnTerminal(args, { env });
    expect(stdout).toContain('shown this once');
    expect(stdout.split('\n')).toContain('sk_new');
    expect((await cli.run([...args, '--default'], { env })).code).toBe(2);
  });

  test('use stores the chosen one; a revoked or private one cannot be chosen', async () => {
    const config = await cli.file('use.toml', 'org = "acme"\n');
    const given = { env: { ...env, PIPECAT_CONFIG_PATH: config } };
    expect((await cli.run(['organizations', 'keys', 'use', 'web'], given)).code).toBe(0);
    expect(parse(await readFile(config, 'utf8')).acme).toMatchObject({ default_public_key: 'pk_aaa' });
    expect((await cli.run(['organizations', 'keys', 'use', 'old'], given)).code).toBe(8);
    expect((await cli.run(['organizations', 'keys', 'use', 'backend'], given)).code).toBe(8);
    const unsaid = await cli.run(['organizations', 'keys', 'use'], given);
    expect(unsaid.code).toBe(2);
    expect(unsaid.stderr).toContain('organizations keys use NAME');
  });

  test('rotate replaces the stored default; revoke has the old name delete', async () => {
    const config = await cli.file(
      'rot.toml',
      `token = "${token}"\norg = "acme"\n[acme]\ndefault_public_key = "pk_aaa"\napi_host = "${server.host}"\n`,
    );
    const stored = { env: { PIPECAT_CONFIG_PATH: config } };
    expect((await cli.run(['organizations', 'keys', 'rotate', 'web', '--force'], stored)).stdout).toBe('pk_new\n');
    expect(parse(await readFile(config, 'utf8')).acme).toMatchObject({ default_public_key: 'pk_new' });
    expect((await cli.run(['organizations', 'keys', 'revoke', 'backend'], { env })).code).toBe(2);
    expect((await cli.run(['organizations', 'keys', 'delete', 'backend', '-f'], { env })).code).toBe(0);
    expect(server.calls()).toContain(`DELETE ${org}/apiKeys/key_3`);
  });
});

describe('organizations members', () => {
  const member: Member = { userId: 'usr_2', email: 'leaver@example.com', role: 'developer', createdAt: inDays(-9) };
  const one: Token = tokenRow({ id: 'aaaa0000-1', name: 'nightly' });
  const two: Token = tokenRow({ id: 'bbbb0000-1', name: 'laptop, old = slow' });
  const path = `${org}/members/usr_2`;
  beforeEach(() => {
    server.routes[`GET ${org}/members`] = { json: { members: [member] } };
    server.routes[`GET ${path}/tokens`] = { json: { tokens: [one, two, tokenRow({ state: 'expired' })] } };
    server.routes[`DELETE ${path}`] = { json: { status: 'OK', adopted: [one], ended: [two] } };
  });

  test('remove sends the fate of each live token', async () => {
    const args = ['organizations', 'members', 'remove', 'LEAVER@example.com', '--force'];
    const outcome = await cli.run([...args, '--adopt', 'nightly=deployer', '--end', two.name], { env });
    expect(outcome.stdout).toContain('Adopted: nightly to deployer. Ended: laptop, old = slow.');
    await cli.run([...args, '--adopt', 'nightly=deployer', '--end-all'], { env });
    const body = { tokens: [{ id: one.id, serviceAccountId: 'sa_1' }, { id: two.id }] };
    expect(sent()).toEqual([
      [`DELETE ${path}`, body],
      [`DELETE ${path}`, body],
    ]);
  });

  test.each([
    [[], 'nightly'],
    [['--end', 'nightly'], 'laptop'],
    [['--end', 'nightly', '--adopt', 'nightly=deployer', '--end-all'], 'named twice'],
    [['--adopt', 'nightly'], 'TOKEN=SERVICE_ACCOUNT'],
  ])('remove with %j is refused without a terminal, names what is open, and sends nothing', async (args, text) => {
    const outcome = await cli.run(['organizations', 'members', 'remove', 'usr_2', '--force', ...args], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(text);
    expect(sent()).toEqual([]);
  });

  test('on a terminal it lists the tokens and asks for each', async () => {
    const answers = [
      { when: 'What becomes of nightly', keys: ['\u001b[B', '\r'] },
      { when: 'What becomes of laptop', keys: ['\r'] },
      { when: 'Remove leaver@example.com from acme?', keys: ['y'] },
    ];
    const answer = (seen: string) => {
      if (!answers[0] || !seen.includes(answers[0].when)) return undefined;
      const key = answers[0].keys.shift();
      if (answers[0].keys.length === 0) answers.shift();
      return key;
    };
    const outcome = await runOnTerminal(['organizations', 'members', 'remove', 'usr_2'], { env, answer });
    expect(outcome.stderr).toContain('2 live tokens that reach acme');
    expect(outcome.stderr).not.toContain('to old');
    expect(outcome.code).toBe(0);
    expect(sent()).toEqual([
      [`DELETE ${path}`, { tokens: [{ id: one.id, serviceAccountId: 'sa_1' }, { id: two.id }] }],
    ]);
  });

  test('role and leave', async () => {
    server.routes[`PATCH ${path}`] = { json: { member: { ...member, role: 'viewer' } } };
    server.routes[`DELETE ${org}/members/self`] = ok;
    const outcome = await cli.run(['organizations', 'members', 'role', 'leaver@example.com', 'viewer'], { env });
    expect(outcome.stdout).toContain('viewer of acme now, before developer');
    expect((await cli.run(['organizations', 'members', 'role', 'leaver@example.com', 'king'], { env })).code).toBe(2);
    expect((await cli.run(['organizations', 'members', 'leave'], { env })).code).toBe(2);
    expect((await cli.run(['organizations', 'members', 'leave', '--force'], { env })).code).toBe(0);
    expect(sent()).toEqual([
      [`PATCH ${path}`, { role: 'viewer' }],
      [`DELETE ${org}/members/self`, undefined],
    ]);
  });
});

test('organizations invitations: the link alone when piped; revoked by address', async () => {
  const invitation: Invitation = {
    ...{ id: 'inv_1', email: 'new@example.com', role: 'developer', state: 'pending' },
    ...{ createdAt: inDays(0), expiresAt: inDays(7) },
  };
  const created: CreatedInvitation = { invitation, link: 'https://c.example.com/join#code' };
  server.routes[`POST ${org}/invitations`] = { json: created };
  server.routes[`GET ${org}/invitations`] = {
    json: { invitations: [{ ...invitation, state: 'revoked' }, invitation] },
  };
  server.routes[`DELETE ${org}/invitations/inv_1`] = ok;
  const outcome = await cli.run(['organizations', 'invitations', 'create', 'new@example.com', '--role', 'developer'], {
    env,
  });
  expect(outcome.stdout).toBe('https://c.example.com/join#code\n');
  const list = await cli.run(['organizations', 'invitations', 'list', '--json'], { env });
  expect(JSON.parse(list.stdout).invitations).toHaveLength(1);
  expect((await cli.run(['organizations', 'invitations', 'revoke', 'New@example.com'], { env })).code).toBe(0);
  expect((await cli.run(['organizations', 'invitations', 'revoke', 'other@example.com'], { env })).code).toBe(8);
});

describe('organizations policies', () => {
  const next: Policy = { ...defaultPolicy, maxTokenDays: 30, allowedNetworks: ['10.0.0.0/8'] };
  const stopped = [
    {
      token: tokenRow({ masked: 'pcc_pat_…4567' }),
      rule: 'maxTokenDays',
      sentence: 'It would live 60 days; 30 are allowed.',
    },
  ];
  beforeEach(() => {
    server.routes['GET /v1/tokens/self'] = { json: { token: tokenRow({ id: 'another' }) } };
    server.routes[`GET ${org}/policy`] = { json: { policy: defaultPolicy, updatedAt: null } };
    server.routes[`PUT ${org}/policy`] = { json: { policy: next, updatedAt: inDays(0) } };
    server.routes[`POST ${org}/policy/dry-run`] = { json: { policy: next, stopped } };
  });
  const flags = ['--max-token-days', '30', '--allowed-network', '10.0.0.0/8', '--revoke-unused-after', 'none'];
  const body = { maxTokenDays: 30, allowedNetworks: ['10.0.0.0/8'], revokeUnusedAfterDays: null };

  test('set shows what would stop, and does nothing until that is accepted', async () => {
    const asked = await cli.run(['organizations', 'policies', 'set', ...flags], { env });
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('It would live 60 days; 30 are allowed.');
    expect(asked.stderr).toContain('--yes');
    expect(sent().map(([call]) => call)).toEqual([`POST ${org}/policy/dry-run`]);
    const outcome = await cli.run(['organizations', 'policies', 'set', ...flags, '--yes'], { env });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('30 days (was: no limit)');
    expect(sent().at(-1)).toEqual([`PUT ${org}/policy`, body]);
  });

  test('says when the token in use is one of those that would stop', async () => {
    server.routes['GET /v1/tokens/self'] = { json: { token: tokenRow() } };
    const own = await cli.run(['organizations', 'policies', 'dry-run', ...flags], { env });
    expect(own.stdout).toContain('the token in use');
    server.routes['GET /v1/tokens/self'] = { json: { token: tokenRow({ id: 'another' }) } };
    const others = await cli.run(['organizations', 'policies', 'dry-run', ...flags], { env });
    expect(others.stdout).not.toContain('the token in use');
  });

  test('set asks nothing when no token would stop', async () => {
    server.routes[`POST ${org}/policy/dry-run`] = { json: { policy: next, stopped: [] } };
    expect((await cli.run(['organizations', 'policies', 'set', '--approval-required', 'on'], { env })).code).toBe(0);
    expect(sent().at(-1)).toEqual([`PUT ${org}/policy`, { approvalRequired: true }]);
  });

  test('dry-run changes nothing; every rule has its flag', async () => {
    const all = [
      '--expiry-required',
      'on',
      '--any-network',
      '--personal-tokens',
      'admins',
      '--approval-required',
      'off',
    ];
    const more = ['--second-factor', 'on', '--on-reuse', 'revoke', '--on-leak', 'alert', '--max-token-days', 'none'];
    const outcome = await cli.run(['organizations', 'policies', 'dry-run', ...all, ...more], { env });
    expect(outcome.stdout).toContain('Nothing was changed');
    expect(sent()).toEqual([
      [
        `POST ${org}/policy/dry-run`,
        {
          ...{ expiryRequired: true, allowedNetworks: [], personalTokens: 'admins', approvalRequired: false },
          ...{ secondFactorRequired: true, onReuse: 'revoke', onLeak: 'alert', maxTokenDays: null },
        },
      ],
    ]);
    expect((await cli.run(['organizations', 'policies', 'set'], { env })).code).toBe(2);
  });

  test('show says every rule in words', async () => {
    const { stdout } = await cli.run(['organizations', 'policies', 'show'], { env });
    expect(stdout.trim().split('\n')).toHaveLength(Object.keys(defaultPolicy).length + 1);
    expect(stdout).not.toMatch(/null|true|false|undefined/);
  });
});
