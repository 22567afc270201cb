import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';
import { service } from './testing/service.js';

const cli = useCli();
const server = useServer();
const org = '/v1/organizations/acme';
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

const session = (sessionId: string, seconds: number, botStartSeconds: number, coldStart: boolean) => ({
  ...{ sessionId, state: 'ended', createdAt: '2026-04-20T10:00:00.000Z', botStartSeconds, coldStart },
  ...{ endedAt: new Date(Date.UTC(2026, 3, 20, 10, 0, seconds)).toISOString(), updatedAt: '2026-04-20T10:00:00.000Z' },
  ...{ completionStatus: 'HTTP_COMPLETED', endReason: null, serviceId: 's', organizationId: 'o', deploymentId: 'd' },
});

describe('agent', () => {
  test('list is a table that is not cut where output is no terminal', async () => {
    const name = 'a-very-long-name-of-an-agent-that-goes-on-to-fifty-char';
    server.routes[`GET ${org}/services`] = { json: { services: [service({ name }), service({ ready: false })] } };
    const { stdout } = await cli.run(['agent', 'list'], { env });
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(['NAME', name, 'bot', '']);
    expect(JSON.parse((await cli.run(['agent', 'list', '--json'], { env })).stdout).agents).toHaveLength(2);
  });

  test('status shows errors and conditions', async () => {
    server.routes[`GET ${org}/services/bot`] = {
      json: { body: service({ ready: false, errors: [{ code: 'PCC_IMAGE_NOT_FOUND', message: 'No such image' }] }) },
    };
    const { code, stdout } = await cli.run(['agent', 'status', 'bot'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('PCC_IMAGE_NOT_FOUND: No such image');
    expect(stdout).toContain('the previous deployment goes on');
  });

  test('status tells a failure once, and what another part of it says beside it', async () => {
    const error = { code: 'PCC_UNKNOWN_ERROR', message: 'It ended with exit code 3' };
    const conditions = [{ type: 'Degraded', status: 'True', reason: 'Failed', message: error.message }] as const;
    const health = { ready: false, state: 'terminated', restartCount: 3, replicasStarted: 1, message: error.message };
    const revision = { deploymentID: 'dep_1', phase: 'Failed', readyReplicas: 0, phaseStartedAt: null, health };
    server.routes[`GET ${org}/services/bot`] = {
      json: {
        body: service({
          ...{ ready: false, errors: [error], conditions: [...conditions], currentRevision: revision as never },
        }),
      },
    };
    const { stdout } = await cli.run(['agent', 'status', 'bot'], { env });
    expect(stdout.split(error.message)).toHaveLength(2);
    expect(stdout).toContain('terminated, 3 restarts');
  });

  test('status tells a crash loop, with its reason, of an agent that was deployed well', async () => {
    const message = 'Crash loop: 4 instances in a row ended. The last: it ended with exit code 3';
    const conditions = [{ type: 'Degraded', status: 'True', reason: 'CrashLoop', message }] as const;
    server.routes[`GET ${org}/services/bot`] = { json: { body: service({ conditions: [...conditions] }) } };
    const { code, stdout } = await cli.run(['agent', 'status', 'bot'], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/State +crash loop\n/);
    expect(stdout).toContain(`Degraded: ${message}`);
    expect(stdout).toContain('Next: pipecat cloud agent logs bot');
  });

  test('start uses the token, and prints what there is to connect to', async () => {
    server.routes[`POST ${org}/services/bot/sessions`] = {
      json: { sessionId: 'ses_1', wsUrl: 'ws://h/ws', token: 't.t' },
    };
    const data = await cli.file('data.json', '{"caller": "abc"}');
    const args = ['agent', 'start', 'bot', '--transport', 'websocket', '--data-file', data];
    const { code, stdout } = await cli.run(args, { env });
    expect(code).toBe(0);
    expect(stdout).toBe('sessionId  ses_1\nwsUrl      ws://h/ws\ntoken      t.t\n');
    expect(server.requests[0]?.json()).toEqual({
      createDailyRoom: false,
      transport: 'websocket',
      body: { caller: 'abc' },
    });
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test.each(['flag', 'file'])('start with a public key from the %s goes to the public route', async (from) => {
    server.routes['POST /v1/public/bot/start'] = { json: { sessionId: 'ses_1' } };
    const config = await cli.file('keys.toml', from === 'file' ? '[acme]\ndefault_public_key = "pk_1"\n' : '');
    const args = ['agent', 'start', 'bot', '-D', '-p', '{"x":1}', ...(from === 'flag' ? ['-k', 'pk_1'] : [])];
    const { code } = await cli.run(args, { env: { ...env, PIPECAT_CONFIG_PATH: config } });
    expect(code).toBe(0);
    expect(server.requests[0]?.headers.authorization).toBe('Bearer pk_1');
    expect(server.requests[0]?.json()).toEqual({ createDailyRoom: true, dailyRoomProperties: { x: 1 } });
  });

  test('start takes the name from the deploy file', async () => {
    server.routes[`POST ${org}/services/from-file/sessions`] = { json: { sessionId: 'ses_1' } };
    const file = await cli.file('named.toml', 'agent_name = "from-file"\n');
    expect((await cli.run(['agent', 'start', '--config-file', file], { env })).code).toBe(0);
  });

  test('stop and delete, with their flags', async () => {
    server.routes[`DELETE ${org}/services/bot/sessions/s1`] = { json: { status: 'terminated', session_id: 's1' } };
    server.routes[`DELETE ${org}/services/bot`] = { json: { status: 'OK' } };
    expect((await cli.run(['agent', 'stop', 'bot', '-s', 's1', '-f'], { env })).stdout).toBe(
      'Session s1 is stopped.\n',
    );
    expect((await cli.run(['agent', 'delete', 'bot', '--force'], { env })).stdout).toBe('Agent bot is deleted.\n');
    expect((await cli.run(['agent', 'delete', 'gone', '--force'], { env })).code).toBe(8);
  });

  test('sessions shows averages and percentiles', async () => {
    const sessions = [session('s1', 10, 1, true), session('s2', 20, 3, false)];
    server.routes[`GET ${org}/services/bot/sessions`] = { json: { sessions, total_count: 2 } };
    const { stdout, stderr } = await cli.run(['agent', 'sessions', 'bot'], { env });
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(['SESSION', 's1', 's2', '']);
    expect(stderr).toContain('average 15.0s, p5 10.5s, p95 19.5s');
    expect(stderr).toContain('average 2.0s, p5 1.1s, p95 2.9s');
    expect(stderr).toContain('1 (50%)');
    const json = JSON.parse((await cli.run(['agent', 'sessions', 'bot', '--json'], { env })).stdout);
    expect(json.statistics).toMatchObject({ durationSeconds: { average: 15 }, coldStarts: 1 });
  });

  test('sessions --id shows CPU and memory with a chart', async () => {
    const timeseries = [0, 15, 30].map((s, i) => ({ t: 1_776_679_200 + s, c: i * 100, m: 1024 ** 2 * (i + 1) }));
    const percentiles = {
      cpuMillicoresP50: 100,
      cpuMillicoresP99: 200,
      memoryBytesP50: 1024 ** 2,
      memoryBytesP99: 3 * 1024 ** 2,
    };
    server.routes[`GET ${org}/services/bot/sessions/s1`] = {
      json: {
        ...session('s1', 10, 1, true),
        ...{ endReason: 'instance_exited', endDetail: 'The instance ended with exit code 3' },
        resourceMetrics: { ...percentiles, sampleCount: 3, timeseries },
        meetingIds: [],
      },
    };
    const { stdout } = await cli.run(['agent', 'sessions', 'bot', '--id', 's1'], { env });
    expect(stdout).toContain('CPU     ▁▅█  p50 0.10 cores, p99 0.20 cores');
    expect(stdout).toContain('Memory  ▁▅█  p50 1.0 MiB, p99 3.0 MiB');
    expect(stdout).toContain('3 samples over 30s');
    expect(stdout).toMatch(/^Ended by +instance_exited\nBecause +The instance ended with exit code 3\n/m);
  });
});

describe('agent logs', () => {
  const entry = (log: string, second: number) => ({ log, timestamp: `2026-04-20T10:00:0${second}.000Z` });
  const logs = [entry('INFO last', 3), entry('plain', 2), entry('ERROR bad\u001b[2J', 1)];
  const route = `GET ${org}/services/bot/logs`;

  test('are asked newest first and printed oldest first, without control characters', async () => {
    server.routes[route] = { json: { logs, total: { value: 3, relation: 'eq' } } };
    const { stdout } = await cli.run(['agent', 'logs', 'bot', '-n', '50', '-s', 's1', '-d', 'd1'], { env });
    expect(stdout).toBe(
      '2026-04-20T10:00:01.000Z ERROR bad\n2026-04-20T10:00:02.000Z plain\n2026-04-20T10:00:03.000Z INFO last\n',
    );
    const { searchParams } = new URL(server.requests[0]?.url ?? '', 'http://x');
    expect(Object.fromEntries(searchParams)).toEqual({
      limit: '50',
      order: 'desc',
      deploymentId: 'd1',
      sessionId: 's1',
    });
  });

  test('as many as asked for, in pages as large as the server gives, each line once', async () => {
    const stored = Array.from({ length: 25_000 }, (_, index) => ({
      ...{ log: `line ${index}`, cursor: `1.${index.toString(36)}` },
      timestamp: new Date(Date.UTC(2026, 3, 20) + index).toISOString(),
    }));
    server.routes[route] = ({ url }) => {
      const { searchParams } = new URL(url, 'http://x');
      const [limit, offset] = [Number(searchParams.get('limit')), Number(searchParams.get('offset') ?? 0)];
      if (limit > 10_000) return { status: 400, json: { error: 'limit must be <= 10000', code: '400' } };
      const logs = stored.toReversed().slice(offset, offset + limit);
      // Between two pages lines arrive.
      stored.push({ ...stored[0], log: 'new', cursor: `2.${stored.length}`, timestamp: '2026-04-21T00:00:00.000Z' });
      return { json: { logs, total: { value: stored.length, relation: 'eq' } } };
    };
    const some = await cli.run(['agent', 'logs', 'bot', '-n', '20000', '--format', 'JSON'], { env });
    expect(some.code).toBe(0);
    const texts = (stdout: string) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).log);
    expect(texts(some.stdout)).toEqual(Array.from({ length: 20_000 }, (_, index) => `line ${index + 5000}`));
    stored.splice(25_000);
    const all = await cli.run(['agent', 'logs', 'bot', '-n', '1000000', '--format', 'JSON'], { env });
    expect(texts(all.stdout)).toEqual(Array.from({ length: 25_000 }, (_, index) => `line ${index}`));
  });

  test('keep their order where the server answers oldest first', async () => {
    server.routes[route] = { json: { logs: logs.toReversed(), total: { value: 3, relation: 'eq' } } };
    expect((await cli.run(['agent', 'logs', 'bot'], { env })).stdout).toMatch(/bad\n.*plain\n.*last/);
  });

  test('by level: a line without a level word is INFO', async () => {
    server.routes[route] = { json: { logs, total: { value: 3, relation: 'eq' } } };
    const { stdout } = await cli.run(['agent', 'logs', 'bot', '--level', 'info', '--format', 'JSON'], { env });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).log),
    ).toEqual(['plain', 'INFO last']);
    const none = await cli.run(['agent', 'logs', 'bot', '--level', 'CRITICAL'], { env });
    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toContain('No log lines of level CRITICAL');
    expect(JSON.parse((await cli.run(['agent', 'logs', 'bot', '--json'], { env })).stdout).logs).toHaveLength(3);
  });
});

describe('secrets', () => {
  const secret = 'canary-value-9c1f';
  const put = `PUT ${org}/secrets/my-set`;
  const stored = () => server.requests.at(-1)?.json();
  const body = (secrets: [string, string][]) => ({
    name: 'my-set',
    isImagePullSecret: false,
    secrets: secrets.map(([secretKey, secretValue]) => ({ secretKey, secretValue })),
  });

  beforeEach(() => {
    server.routes[put] = { status: 202, json: { status: 'OK', region: 'local' } };
  });

  test('set takes values from a file, from standard input and from arguments, and prints none', async () => {
    const path = await cli.file('env', `# comment\n\nA=${secret}\nB="quoted = ${secret}"\n`);
    const fromFile = await cli.run(['secrets', 'set', 'my-set', '--file', path], { env });
    expect(fromFile.code).toBe(0);
    expect(fromFile.stderr).toContain('Instances that start from now on get the new values');
    expect(stored()).toEqual(
      body([
        ['A', secret],
        ['B', `quoted = ${secret}`],
      ]),
    );

    const fromStdin = await cli.run(['secrets', 'set', 'my-set', '-f', '-'], { env, input: `A=${secret}\n` });
    expect(stored()).toEqual(body([['A', secret]]));

    const one = await cli.run(['secrets', 'set', 'my-set', '--stdin', 'A', '--json'], {
      env,
      input: `${secret}\nsecond line\n`,
    });
    expect(stored()).toEqual(body([['A', `${secret}\nsecond line`]]));
    expect(JSON.parse(one.stdout)).toEqual({ set: 'my-set', region: 'local', keys: ['A'] });

    const positional = await cli.run(['secrets', 'set', 'my-set', `A=${secret}`], { env });
    expect(positional.code).toBe(0);
    expect(positional.stderr).toContain('visible in process lists');
    for (const { stdout, stderr } of [fromFile, fromStdin, one, positional])
      expect(stdout + stderr).not.toContain(secret);
  });

  test.each([
    [`${secret}\n`],
    [`A=${secret}\nno equals ${secret}\n`],
    [`bad key ${secret}=x\n`],
    ['A=\n'],
    ['# only comments\n'],
  ])('set refuses %j without sending anything or repeating it', async (input) => {
    const outcome = await cli.run(['secrets', 'set', 'my-set', '-f', '-'], { env, input });
    expect(outcome.code).toBe(2);
    expect(outcome.stdout + outcome.stderr).not.toContain(secret);
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['a value', `A=${'x'.repeat(4_000_000)}`, 'The value of A has 4000000 characters; it may have at most 65536.'],
    [
      'all values together',
      Array.from({ length: 9 }, (_, index) => `A${index}=${'x'.repeat(60_000)}`).join('\n'),
      'The values take 527.3 KiB; those of my-set may take at most 512.0 KiB together.',
    ],
  ])('set refuses %s that the server would not take, and sends nothing', async (_, input, why) => {
    const outcome = await cli.run(['secrets', 'set', 'my-set', '-f', '-'], { env, input });
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: `Error: ${why}\n` });
    expect(server.requests).toEqual([]);
  });

  test('list shows sets, and the keys of one', async () => {
    server.routes[`GET ${org}/secrets`] = {
      json: { sets: [{ name: 'my-set', type: 'secret', region: 'local', status: 'ready' }] },
    };
    server.routes[`GET ${org}/secrets/my-set`] = {
      json: { secrets: [{ fieldName: 'A' }], region: 'local', status: 'ready' },
    };
    expect((await cli.run(['secrets', 'list'], { env })).stdout).toContain('my-set\tlocal\tready\tsecrets');
    expect((await cli.run(['secrets', 'list', 'my-set'], { env })).stdout).toBe('KEY\nA\n');
    expect((await cli.run(['secrets', 'list', 'gone'], { env })).code).toBe(8);
  });

  test('unset and delete, with their flag', async () => {
    server.routes[`DELETE ${org}/secrets/my-set/A`] = { json: { status: 'OK' } };
    server.routes[`DELETE ${org}/secrets/my-set`] = { json: { status: 'OK' } };
    expect((await cli.run(['secrets', 'unset', 'my-set', 'A', '--yes'], { env })).stdout).toBe(
      'A is removed from my-set.\n',
    );
    expect((await cli.run(['secrets', 'delete', 'my-set', '-s'], { env })).stdout).toBe(
      'Secret set my-set is deleted.\n',
    );
  });
});
