import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, logsOf, sessionEnds, sessionOf, startSession } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { converse, dial } from './support/conversation.js';
import { missing } from './support/environment.js';
import { type Framing, pipecat, raw } from './support/frames.js';
import { cleanUp } from './support/paths.js';
import { frameBytes, heardSeconds, hum, speak } from './support/speech.js';

const sentence = 'Good morning. This sentence goes all the way to the agent and back again.';

let cloud: Cloud;
let cli: Cli;

beforeAll(async () => {
  cloud = await startCloud({ makesEnvironments: true });
  cli = createCli({ token: cloud.token(), port: cloud.port });
});

afterAll(async () => {
  await cleanUp();
});

interface StartedSocket {
  sessionId: string;
  token: string;
  wsUrl: string;
}

/** Streams through a socket session of an agent and checks that the same speech comes back. */
async function talk(agent: string, framing: Framing, pcm: Buffer): Promise<string> {
  const started = await cli.json<StartedSocket>(['agent', 'start', agent, '--transport', 'websocket']);
  const socket = await dial(`${started.wsUrl}?token=${started.token}`);
  const conversation = converse(socket, framing);
  await conversation.say(pcm);
  // The last frame may be waiting for more to fill it.
  await conversation.hears(pcm.length - frameBytes);
  conversation.close();
  await conversation.closed;
  const [said, heard] = [heardSeconds(pcm), heardSeconds(conversation.heard())];
  expect(said).toBeGreaterThan(1);
  expect(heard / said).toBeGreaterThan(0.9);
  expect(heard / said).toBeLessThan(1.1);
  expect(await sessionEnds(cli, agent, started.sessionId)).toMatchObject({ endReason: 'socket_closed' });
  return started.sessionId;
}

describe('who and where', () => {
  test('whoami says who, and where token, organization and address come from', async () => {
    const { stdout } = await cli.ok(['auth', 'whoami']);
    expect(stdout).toContain('owner@localhost');
    expect(stdout).toMatch(/Token .*PIPECAT_TOKEN/);
    expect(stdout).toMatch(/Organization .*first of the organizations/);
    expect(stdout).toMatch(cloud.port === 7400 ? /API host .*default/ : /API host .*PIPECAT_API_HOST/);
    expect(stdout).not.toContain(cloud.token());
  });

  test('organizations and regions are listed', async () => {
    expect((await cli.ok(['organizations', 'list'])).stdout).toContain('my-team');
    expect((await cli.json<{ regions: unknown[] }>(['regions', 'list'])).regions).toHaveLength(1);
  });

  test('a wrong thing has its exit code', async () => {
    const mistyped = `${cloud.token().slice(0, -1)}${cloud.token().endsWith('0') ? '1' : '0'}`;
    expect((await createCli({ token: mistyped, port: cloud.port })(['auth', 'whoami'])).code).toBe(5);
    expect((await createCli({ port: cloud.port })(['auth', 'whoami'])).code).toBe(4);
    expect((await cli(['agent', 'status', 'nobody'])).code).toBe(8);
    expect((await cli(['secrets', 'list', 'nothing'])).code).toBe(8);
    expect((await cli(['agent', 'list', '--organization', 'others'])).code).toBe(7);
    expect((await cli(['agent', 'fly'])).code).toBe(2);
  });
});

test('secrets are set, listed by name and unset', async () => {
  await cli.ok(['secrets', 'set', 'tour-secrets', '--file', '-'], { input: 'FIRST=one\nSECOND="two words"\n' });
  expect((await cli.ok(['secrets', 'list'])).stdout).toContain('tour-secrets');
  const keys = (await cli.ok(['secrets', 'list', 'tour-secrets'])).stdout;
  expect(keys).toContain('FIRST');
  expect(keys).not.toContain('two words');
  await cli.ok(['secrets', 'unset', 'tour-secrets', 'SECOND', '--yes']);
  expect((await cli.ok(['secrets', 'list', 'tour-secrets'])).stdout).not.toContain('SECOND');
});

describe('the echo agent', () => {
  let folder: string;
  let plain: string;

  beforeAll(() => {
    folder = copyAgent('examples/echo');
  });
  afterAll(() => rmSync(dirname(folder), { recursive: true, force: true }));

  test('is deployed from its folder', async () => {
    const { stdout } = await cli.ok(['deploy', '--yes', '--secrets', 'tour-secrets'], { cwd: folder });
    expect(stdout).toContain('Ready');
    expect((await cli.ok(['agent', 'list'])).stdout).toMatch(/^echo\t.*\tyes$/m);
    expect((await cli.ok(['agent', 'status', 'echo'])).stdout).toContain('echo');
  });

  test('deployed again without a change nothing is built', async () => {
    const { stderr } = await cli.ok(['deploy', '--yes'], { cwd: folder });
    expect(stderr).toContain('Nothing changed');
  });

  test('holds a plain session with its secrets, whose log lines are its own', async () => {
    plain = await startSession(cli, 'echo', { log: ['a line of the first'], env: 'FIRST', seconds: 3600 });
    const other = await startSession(cli, 'echo', { log: ['a line of the other'], seconds: 3600 });
    const log = await logsHave(cli, 'echo', plain, 'a line of the first', 'FIRST is set');
    expect(log).not.toContain('a line of the other');
    expect(log).not.toContain(other);
    const ofOther = await logsHave(cli, 'echo', other, 'a line of the other');
    expect(ofOther).not.toContain('a line of the first');
    const table = (await cli.ok(['agent', 'sessions', 'echo'])).stdout;
    expect(table).toContain(plain);
    expect(table).toContain(other);
    await cli.ok(['agent', 'stop', 'echo', '--session-id', other, '--force']);
    expect(await sessionOf(cli, 'echo', other)).toMatchObject({ state: 'ended', endReason: 'stopped' });
    expect(await sessionOf(cli, 'echo', plain)).toMatchObject({ state: 'active', endedAt: null });
  });

  test('answers the session API with a public key, for running sessions alone', async () => {
    const { client } = cloud;
    const { key } = await client(cloud.token()).createApiKey('my-team', { name: 'tour', type: 'public' });
    const at = (session: string, path: string, init: RequestInit = {}) =>
      fetch(`${cloud.url}/v1/public/echo/sessions/${session}/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers },
      });
    const status = await at(plain, 'status');
    expect(status.status).toBe(200);
    expect(await status.json()).toMatchObject({ sessionId: plain });
    const said = await at(plain, 'say?quietly=1', { method: 'POST', body: '{"words":["ä",1]}' });
    expect(await said.json()).toEqual({ words: ['ä', 1] });
    expect((await at(crypto.randomUUID(), 'status')).status).toBe(404);
    expect((await at(plain, 'bot', { method: 'POST', body: '{}' })).status).toBeGreaterThanOrEqual(400);
    expect((await at(plain, 'finish', { method: 'POST', body: '{}' })).status).toBe(200);
    expect(await sessionEnds(cli, 'echo', plain)).toMatchObject({ endReason: 'completed' });
    expect((await at(plain, 'status')).status).toBe(404);

    const started = await cli.json<{ sessionId: string }>(['agent', 'start', 'echo', '--api-key', key]);
    await cli.ok(['agent', 'stop', 'echo', '--session-id', started.sessionId, '--force']);
  });

  test('sends back what is said to it in real time', async () => {
    const session = await talk('echo', raw, missing('espeak') ? hum(4) : speak(sentence));
    const log = await logsHave(cli, 'echo', session, 'Client connected', 'Client disconnected');
    expect(log).not.toContain(plain);
  });

  test('takes a socket token once', async () => {
    const { wsUrl, token } = await cli.json<StartedSocket>(['agent', 'start', 'echo', '--transport', 'websocket']);
    const first = converse(await dial(wsUrl, { authorization: `Bearer ${token}` }), raw);
    await expect(dial(`${wsUrl}/${token}`)).rejects.toThrow('403');
    await expect(dial(wsUrl)).rejects.toThrow('403');
    first.close();
    await first.closed;
  });
});

const lacking = missing('python', 'espeak');

describe('the pipecat-echo agent', () => {
  test.skipIf(lacking)(
    `is deployed from its folder${lacking ? ` (${lacking})` : ''}`,
    { timeout: 600_000 },
    async () => {
      const folder = copyAgent('examples/pipecat-echo');
      const { stdout } = await cli.ok(['deploy', '--yes'], { cwd: folder });
      expect(stdout).toContain('Ready');
    },
  );

  test.skipIf(lacking)(`says back a sentence${lacking ? ` (${lacking})` : ''}`, async () => {
    const session = await talk('pipecat-echo', pipecat, speak(sentence));
    const log = await logsHave(cli, 'pipecat-echo', session, 'Client connected', 'bytes of audio');
    expect(log.match(/Starting bot session with metadata/g)).toHaveLength(1);
    expect(await logsOf(cli, 'pipecat-echo', crypto.randomUUID())).not.toContain('Client connected');
  });
});

test('what is deleted is gone, and the list is empty', async () => {
  await cli.ok(['agent', 'delete', 'echo', '--force']);
  if (!lacking) await cli.ok(['agent', 'delete', 'pipecat-echo', '--force']);
  await cli.ok(['secrets', 'delete', 'tour-secrets', '--yes']);
  expect((await cli.json<{ agents: unknown[] }>(['agent', 'list'])).agents).toEqual([]);
  expect((await cli.json<{ secretSets: unknown[] }>(['secrets', 'list'])).secretSets).toEqual([]);
  expect((await cli(['agent', 'status', 'echo'])).code).toBe(8);
});
