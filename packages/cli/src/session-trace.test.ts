import { beforeEach, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;
beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

const trace = {
  sessionId: 's1',
  requestedAt: '2026-04-20T10:00:00.000Z',
  coldStart: true,
  coldReason: 'No instance was idle: 2 of 3 busy, the agent keeps 1 warm',
  outcome: 'started',
  error: null,
  instanceId: 'i1',
  workerId: 'w1',
  totalMs: 1000,
  steps: [
    { step: 'queue', atMs: 0, ms: 0 },
    { step: 'claim', atMs: 0, ms: 10 },
    { step: 'prepare', atMs: 10, ms: 490 },
    { step: 'boot', atMs: 500, ms: 490 },
    { step: 'activate', atMs: 990, ms: 10 },
  ],
};
const route = 'GET /v1/organizations/acme/services/bot/sessions/s1/trace';

test('agent session trace draws each step where it was, with why the start was cold', async () => {
  server.routes[route] = { json: trace };
  const { code, stdout } = await cli.run(['agent', 'session', 'trace', 's1', 'bot'], { env });
  expect(code).toBe(0);
  expect(stdout).toContain('yes. No instance was idle: 2 of 3 busy');
  const lines = stdout.split('\n');
  const row = (step: string) => lines.find((line) => line.startsWith(step)) ?? '';
  expect(row('prepare')).toMatch(/^prepare {3}█{20} +490 ms {2}pulled the image/);
  expect(row('boot')).toMatch(/^boot {6} {20}█{20} +490 ms/);
  expect(row('activate')).toMatch(/^activate {2} {39}█ +10 ms/);
});

test('a start that failed shows the step that never ended, and --json is the trace as it is', async () => {
  const steps = [...trace.steps.slice(0, 2), { step: 'prepare', atMs: 10, ms: null }];
  const failed = { ...trace, outcome: 'failed', error: 'the image was not found', totalMs: null, steps };
  server.routes[route] = { json: failed };
  const { stdout } = await cli.run(['agent', 'session', 'trace', 's1', 'bot'], { env });
  expect(stdout).toContain('failed: the image was not found');
  expect(stdout).toMatch(/prepare .* not over/);
  const json = await cli.run(['agent', 'session', 'trace', 's1', 'bot', '--json'], { env });
  expect(JSON.parse(json.stdout)).toEqual(failed);
});

test('a session that the server knows no trace of is not found', async () => {
  expect((await cli.run(['agent', 'session', 'trace', 's9', 'bot'], { env })).code).toBe(8);
});
