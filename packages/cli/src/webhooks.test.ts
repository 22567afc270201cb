import { beforeEach, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
const path = '/v1/organizations/acme/webhooks';
const secret = `whsec_${'A'.repeat(43)}=`;
const webhook = {
  ...{ id: 'w1', url: 'https://example.com/hook', kinds: ['token.expiring', 'credential.leaked'] },
  createdAt: '2026-05-04T10:00:00.000Z',
};
let env: Record<string, string>;
const run = (...args: string[]) => cli.run(['organizations', 'webhooks', ...args], { env });

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

test('create sends what was asked for; piped, only the secret is on stdout', async () => {
  server.routes[`POST ${path}`] = { json: { webhook, secret } };
  const kinds = ['-k', 'token.expiring', '--kind', 'credential.leaked', '-k', 'token.expiring'];
  const { code, stdout, stderr } = await run('create', webhook.url, ...kinds);
  expect(code).toBe(0);
  expect(stdout).toBe(`${secret}\n`);
  expect(stderr).toContain('Webhook w1 of acme');
  expect(stderr).not.toContain(secret);
  expect(server.requests[0]?.json()).toEqual({ url: webhook.url, kinds: ['token.expiring', 'credential.leaked'] });

  const json = await run('create', webhook.url, '--json');
  expect(JSON.parse(json.stdout)).toEqual({ webhook, secret });
  expect(server.requests[1]?.json()).toEqual({ url: webhook.url });
});

test('a kind that does not exist is a usage error that names them', async () => {
  const { code, stderr } = await run('create', webhook.url, '--kind', 'agent.started');
  expect(code).toBe(2);
  expect(stderr).toContain('token.expiring');
  expect(server.requests).toEqual([]);
});

test('list shows where they go and never a secret', async () => {
  server.routes[`GET ${path}`] = { json: { webhooks: [webhook] } };
  const { stdout } = await run('list');
  expect(stdout).toContain('w1\thttps://example.com/hook\ttoken.expiring credential.leaked\t2026-05-04 10:00');
  expect(stdout).not.toContain('whsec_');
  server.routes[`GET ${path}`] = { json: { webhooks: [] } };
  expect((await run('list')).stderr).toContain('No webhooks in acme');
});

test('delete asks first', async () => {
  server.routes[`DELETE ${path}/w1`] = { json: { status: 'OK' } };
  const refused = await run('delete', 'w1');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('--force');
  expect(server.requests).toEqual([]);
  expect((await run('delete', 'w1', '-f')).stdout).toBe('Webhook w1 is deleted.\n');
});

test('a test message that is not taken is a failure', async () => {
  server.routes[`POST ${path}/w1/test`] = { json: { delivered: true, status: 204, error: null } };
  expect(await run('test', 'w1')).toMatchObject({ code: 0, stdout: 'The receiver took the test message (204).\n' });
  server.routes[`POST ${path}/w1/test`] = { json: { delivered: false, status: 500, error: 'it answered 500' } };
  const { code, stderr, stdout } = await run('test', 'w1');
  expect(code).toBe(1);
  expect(stderr).toContain('it answered 500');
  expect(stdout).toBe('');
});

test('deliveries say what was given up and why', async () => {
  const delivery = {
    ...{ id: 'd1', kind: 'token.expiring', state: 'failed', attempts: 11, nextAttemptAt: null },
    ...{ lastError: 'it answered 500', createdAt: webhook.createdAt, endedAt: webhook.createdAt },
  };
  server.routes[`GET ${path}/w1/deliveries`] = { json: { deliveries: [delivery] } };
  const { stdout } = await run('deliveries', 'w1');
  expect(stdout).toContain('d1\ttoken.expiring\tgiven up\t11\t-\t2026-05-04 10:00\tit answered 500');
  expect(JSON.parse((await run('deliveries', 'w1', '--json')).stdout)).toEqual({ deliveries: [delivery] });
});

test('a webhook that is not there is exit 8', async () => {
  server.routes[`POST ${path}/w9/test`] = { status: 404, json: { error: "Webhook 'w9' not found", code: '404' } };
  expect((await run('test', 'w9')).code).toBe(8);
});
