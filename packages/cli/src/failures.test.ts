import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

const list = 'GET /v1/organizations/acme/services';

describe('a refusal of the API becomes an exit code', () => {
  test.each([
    [401, { code: '401', reason: 'no_credential' }, 4],
    [401, { code: '401', reason: 'expired_token' }, 5],
    [401, { code: '401' }, 5],
    [403, { code: '403', reason: 'missing_permission' }, 6],
    [403, { code: '403', reason: 'wrong_organization' }, 7],
    [401, { code: '401', reason: 'malformed_token' }, 5],
    [401, { code: '401', reason: 'unknown_token' }, 5],
    [401, { code: '401', reason: 'revoked_token' }, 5],
    [403, { code: '403', reason: 'address_not_allowed' }, 6],
    [403, { code: '403', reason: 'blocked_by_policy' }, 6],
    [403, { code: '403', reason: 'wrong_credential_kind' }, 6],
    [403, { code: '403', reason: 'of_another_time' }, 6],
    [404, { code: 'NOT_FOUND' }, 8],
    [409, { code: 'CONFLICT' }, 9],
    [400, { code: 'PCC-1001' }, 9],
    [504, { code: '504' }, 10],
    [429, { code: '429' }, 11],
    [500, { code: '500' }, 12],
    [503, { code: '503' }, 12],
    [400, { code: 'GENERIC_BAD_REQUEST' }, 1],
    [413, { code: '413' }, 1],
  ])('%i %o: exit %i', async (status, body, code) => {
    server.routes[list] = { status, json: { error: 'What the server says', ...body } };
    const text = await cli.run(['agent', 'list'], { env });
    expect(text).toMatchObject({ code, stdout: '' });
    expect(text.stderr).toContain('Error: What the server says');

    const json = await cli.run(['agent', 'list', '--json'], { env });
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: 'What the server says', ...body });
  });
});

test('a reached spend limit names what shows and raises it', async () => {
  server.routes[list] = { status: 402, json: { error: 'The spend limit is reached', code: 'SPEND_LIMIT_REACHED' } };
  const outcome = await cli.run(['agent', 'list'], { env });
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain('spend-limit set AMOUNT');
});

test('a wrong organization names where it came from and what sets another', async () => {
  server.routes[list] = { status: 403, json: { error: 'Not yours', code: '403', reason: 'wrong_organization' } };
  const { stderr } = await cli.run(['agent', 'list'], { env });
  expect(stderr).toContain("'acme' came from PIPECAT_ORG");
  const flag = await cli.run(['agent', 'list', '-o', 'acme'], { env });
  expect(flag.stderr).toContain("'acme' came from --organization");
});

test.each([
  [401, 'expired_token'],
  [403, 'wrong_organization'],
  [403, 'address_not_allowed'],
  [403, 'blocked_by_policy'],
  [403, 'missing_permission'],
  [403, 'wrong_credential_kind'],
])('%i %s: the page that helps is printed, and in the document', async (status, reason) => {
  const help = 'https://cloud.example.com/tokens/1';
  server.routes[list] = { status, json: { error: 'Refused', code: String(status), reason, help } };
  expect((await cli.run(['agent', 'list'], { env })).stderr).toContain(`See ${help}`);
  expect(JSON.parse((await cli.run(['agent', 'list', '--json'], { env })).stdout)).toMatchObject({ reason, help });
});

test('a rejected token names where it came from', async () => {
  server.routes[list] = { status: 401, json: { error: 'Expired', code: '401', reason: 'expired_token' } };
  expect((await cli.run(['agent', 'list'], { env })).stderr).toContain('The token came from PIPECAT_TOKEN');
});

test('a rejected public key names where that came from, not the token', async () => {
  server.routes['POST /v1/public/bot/start'] = {
    status: 401,
    json: { error: 'Unknown key', code: '401', reason: 'unknown_token' },
  };
  const given = await cli.run(['agent', 'start', 'bot', '-k', 'pk_bad'], { env });
  expect(given).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('The key came from --api-key, the API host'),
  });
  const set = await cli.run(['agent', 'start', 'bot'], { env: { ...env, PIPECAT_DEFAULT_PUBLIC_KEY: 'pk_bad' } });
  expect(set.stderr).toContain('The key came from PIPECAT_DEFAULT_PUBLIC_KEY');
  // One that was typed in just now needs no such hint.
  server.routes['GET /v1/organizations'] = { status: 401, json: { error: 'Unknown', code: '401' } };
  const typed = await cli.run(['auth', 'use-pat', '--stdin'], { env, input: `${token}\n` });
  expect(typed).toMatchObject({ code: 5, stderr: expect.not.stringContaining('PIPECAT_TOKEN') });
});

test.each([
  ['an HTML page', { type: 'text/html', text: '<html>hello</html>' }],
  ['an HTML page for 404', { status: 404, type: 'text/html', text: '<html>gone</html>' }],
  ['broken JSON', { text: '{"services": [' }],
  ['an empty 200', { text: '' }],
])('%s is not taken for the API: exit 12', async (_, answer) => {
  server.routes[list] = answer;
  const outcome = await cli.run(['agent', 'list'], { env });
  expect(outcome.code).toBe(12);
  expect(outcome.stderr).toContain('something other than the API answers there');
  expect(outcome.stderr).toContain('PIPECAT_API_HOST');
  expect(outcome.stderr).not.toContain('<html>');
});

test('a redirect is not followed with the token: exit 12', async () => {
  const target = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example.com/\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as { port: number };
  const outcome = await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_API_HOST: `http://127.0.0.1:${port}` } });
  target.close();
  expect(outcome.code).toBe(12);
  expect(outcome.stderr).toContain('it redirects elsewhere');
});

test('https to a server that speaks http: exit 12, with what is wrong', async () => {
  const outcome = await cli.run(['agent', 'list'], {
    env: { ...env, PIPECAT_API_HOST: server.host.replace('http:', 'https:') },
  });
  expect(outcome.code).toBe(12);
  expect(outcome.stderr).toContain('it does not speak TLS.\nIs it http:// instead of https://?');
});

test('nothing listening, and an unknown name: exit 12, with the reason', async () => {
  const dead = await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_API_HOST: 'http://127.0.0.1:9' } });
  expect(dead.code).toBe(12);
  expect(dead.stderr).toContain('nothing listens there');
  const unknown = await cli.run(['agent', 'list', '--json'], {
    env: { ...env, PIPECAT_API_HOST: 'http://nowhere.invalid' },
  });
  expect(unknown.code).toBe(12);
  expect(JSON.parse(unknown.stdout)).toMatchObject({ code: 'NETWORK' });
});

describe('a wrong command line: exit 2', () => {
  test.each([
    [['agnet', 'list']],
    [['agent', 'lst']],
    [['agent', 'list', '--frob']],
    [['agent', 'delete']],
    [['agent', 'logs', 'bot', '--level', 'LOUD']],
    [['agent', 'logs', 'bot', '--limit', '0']],
    [['agent', 'stop', 'bot', '--force']],
    [['agent', 'start', 'bot', '--data', '{nope']],
    [['agent', 'status']],
    [['agent', 'list', 'surplus']],
    [['deploy', 'bot', '--max-session-duration', '5', '--yes']],
    [['deploy', 'Bot_1', 'img:1', '--yes']],
    [['deploy', 'bot', 'img:1', '-min', '5', '-max', '2', '--yes']],
    [['secrets', 'set', 'No', 'A=1']],
    [['completion', 'tcsh']],
  ])('%j', async (args) => {
    const text = await cli.run(args, { env });
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toMatch(/^Error: /);
    expect(text.stderr).not.toMatch(/\n\s+at /);
    const json = await cli.run([...args, '--json'], { env });
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({ code: 'USAGE', error: expect.any(String) });
    expect(server.requests).toEqual([]);
  });

  test('a mistyped command names the one that was meant', async () => {
    expect((await cli.run(['agnt'], { env })).stderr).toContain('Did you mean agent?');
    expect((await cli.run(['agent', 'lst'], { env })).stderr).toContain('Did you mean list?');
  });

  test('a group without its verb prints the verbs', async () => {
    const outcome = await cli.run(['agent'], { env });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain('sessions');
  });
});

describe('without a terminal nothing is asked: exit 2, with the flag to pass, and nothing is sent', () => {
  test.each([
    [['agent', 'delete', 'bot'], '--force'],
    [['agent', 'stop', 'bot', '-s', 's1'], '--force'],
    [['secrets', 'unset', 'my-set', 'KEY'], '--yes'],
    [['secrets', 'delete', 'my-set'], '--yes'],
    [['secrets', 'set', 'my-set', 'KEY'], '--stdin KEY'],
    [['auth', 'use-pat'], '--stdin'],
    [['organizations', 'select'], '--organization'],
    [['deploy', 'bot', 'img:1', '--no-credentials'], '--yes'],
  ])('%j', async (args, flag) => {
    server.routes['GET /v1/organizations'] = { json: { organizations: [] } };
    server.routes['GET /v1/organizations/acme/properties'] = { json: { properties: { defaultRegion: 'local' } } };
    const outcome = await cli.run(args, { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(flag);
    expect(outcome.stderr).toContain('Without a terminal nothing is asked');
    expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

test.each([
  ['agent start --data-file', ['agent', 'start', 'bot', '--data-file']],
  ['organizations daily set --key-file', ['organizations', 'daily', 'set', '--key-file']],
  ['secrets set --file', ['secrets', 'set', 'keys', '--file']],
  ['auth use-pat --token-file', ['auth', 'use-pat', '--token-file']],
  ['token report --token-file', ['token', 'report', '--token-file']],
  ['token scan', ['token', 'scan']],
  ['audit verify', ['audit', 'verify', '--file']],
  ['deploy --build-dir', ['deploy', 'bot', '--yes', '--build-dir']],
])('%s of something that is not there: exit 2', async (_, args) => {
  const outcome = await cli.run([...args, '/nowhere/x'], { env });
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(outcome.stderr).toMatch(/\/nowhere\/x,? can't be read: it does not exist\.\n/);
});

test('text from the server moves no cursor', async () => {
  server.routes[list] = { status: 400, json: { error: 'bad\u001b[2J\u001b]0;title\u0007 \u0007thing', code: '400' } };
  const { stderr } = await cli.run(['agent', 'list'], { env });
  expect(stderr).toContain('Error: bad thing');
});

test('a token in an error of the server is not repeated', async () => {
  server.routes[list] = { status: 400, json: { error: `You sent ${token}`, code: '400' } };
  const text = await cli.run(['agent', 'list'], { env });
  expect(text.stderr).toContain('You sent pcc_pat_[redacted]');
  const json = await cli.run(['agent', 'list', '--json'], { env });
  expect(json.stdout).not.toContain(token);
});
