import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, sessionEnds, sessionOf, startSession } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { type Conversation, converse, dial, openMediaServer } from './support/conversation.js';
import { auditOf, readDatabase } from './support/database.js';
import { missing } from './support/environment.js';
import { type Framing, pipecat, raw } from './support/frames.js';
import { createParts, type Parts } from './support/parts.js';
import { cleanUp } from './support/paths.js';
import { frameBytes, heardSeconds, hum, speak } from './support/speech.js';
import { until } from './support/wait.js';

type MediaServer = Awaited<ReturnType<typeof openMediaServer>>;

let media: MediaServer;

beforeAll(async () => {
  media = await openMediaServer();
});

afterAll(async () => {
  await media.close();
  await cleanUp();
});

/** One row, with one end, and a start that was recorded once. */
function expectOneEnd(dataDir: string, session: string, endReason: string): void {
  const rows = readDatabase(dataDir, 'select state, end_reason, ended_at from session where id = ?', session);
  expect(rows).toEqual([{ state: 'ended', end_reason: endReason, ended_at: expect.any(String) }]);
  // A socket's token is recorded before it.
  const starts = auditOf(dataDir, session).filter((action) => action === 'session.started');
  expect(starts).toHaveLength(1);
}

/** The session's place is free again: nothing of it holds a slot. */
async function expectPlaceFree(dataDir: string, session: string): Promise<void> {
  await until('the slot of the session is let go', () => {
    return readDatabase(dataDir, 'select id from slot where session_id = ?', session).length === 0;
  });
}

async function heardFrom(conversation: Conversation, said: Buffer): Promise<void> {
  await conversation.hears(said.length - frameBytes);
  const heard = conversation.heard();
  // Every sample came back, in order: nothing was lost on the way.
  expect(heard.equals(said.subarray(0, heard.length))).toBe(true);
}

describe('killed in the middle of a conversation that does not pass through it', () => {
  let cloud: Cloud;
  let cli: Cli;

  beforeAll(async () => {
    cloud = await startCloud();
    cli = createCli({ token: cloud.token(), port: cloud.port });
    await cli.ok(['deploy', '--yes'], { cwd: copyAgent('e2e/agents/probe') });
  });

  afterAll(async () => {
    await cloud.stop();
  });

  async function isServed(session: string, agent: string): Promise<void> {
    await until(`session ${session} is listed as active`, async () => {
      const { sessions } = await cli.json<{ sessions: { sessionId: string; state: string }[] }>([
        'agent',
        'sessions',
        agent,
      ]);
      return sessions.some(({ sessionId, state }) => sessionId === session && state === 'active');
    });
  }

  /** Kills one after the other while `speech` is streamed, over and over; `during` is called at each point of the story. */
  async function survive(
    agent: string,
    framing: Framing,
    speech: Buffer,
    during: (session: string, when: string) => Promise<unknown>,
  ) {
    const session = await startSession(cli, agent, { dial: media.url });
    const conversation = converse(await media.caller(), framing);
    const enough = new AbortController();
    const saying = conversation.keepSaying(speech, enough.signal);
    await conversation.hears(frameBytes * 25);
    await during(session, 'before');

    for (const part of ['server', 'worker'] as const) {
      const old = cloud.pid(part);
      const heardBefore = conversation.heardBytes();
      await cloud.kill(part);
      await conversation.hears(heardBefore + frameBytes * 25);
      await until(`the ${part} runs again`, () => {
        const pid = cloud.pid(part);
        return pid !== undefined && pid !== old;
      });
      await until('the API answers', async () => (await cli(['auth', 'whoami'])).code === 0);
      await isServed(session, agent);
      await during(session, `after the ${part}`);
    }

    enough.abort();
    const said = await saying;
    await heardFrom(conversation, said);
    conversation.close();
    expect(await sessionEnds(cli, agent, session)).toMatchObject({ endReason: 'completed' });
    expectOneEnd(cloud.dataDir, session, 'completed');
    await expectPlaceFree(cloud.dataDir, session);
    return { session, conversation, said };
  }

  test('the sound goes on, the session is listed, its log goes on, it ends once', async () => {
    let beats = 0;
    const { session } = await survive('probe', raw, hum(5), async (id, when) => {
      const wanted = [`beat ${beats + 1}\n`, `beat ${beats + 2}\n`];
      const log = await logsHave(cli, 'probe', id, ...wanted).catch((error: Error) => {
        throw new Error(`${when}: ${error.message}`, { cause: error });
      });
      beats = Math.max(...[...log.matchAll(/beat (\d+)$/gm)].map(([, count]) => Number(count)));
    });
    // Lines from before, during and after, each once.
    const log = await logsHave(cli, 'probe', session, 'the probe is done');
    const counted = [...log.matchAll(/beat (\d+)$/gm)].map(([, count]) => Number(count));
    expect(counted).toEqual(Array.from({ length: counted.length }, (_, index) => index + 1));
    expect(counted.length).toBeGreaterThanOrEqual(beats);

    // Reused or replaced, the next session gets its instance.
    const next = await startSession(cli, 'probe', { seconds: 0 });
    expect(await sessionEnds(cli, 'probe', next)).toMatchObject({ endReason: 'completed' });
  });

  test('a socket that was opened through the control plane goes on without it, and its close ends the session once', async () => {
    const started = await cli.json<{ sessionId: string; token: string; wsUrl: string }>([
      ...['agent', 'start', 'probe', '--transport', 'websocket'],
    ]);
    const conversation = converse(await dial(`${started.wsUrl}?token=${started.token}`), raw);
    const enough = new AbortController();
    const saying = conversation.keepSaying(hum(2), enough.signal);
    await conversation.hears(frameBytes * 25);
    const old = cloud.pid('server');
    await cloud.kill('server');
    await conversation.hears(conversation.heardBytes() + frameBytes * 50);
    await until('the control plane runs again', () => (cloud.pid('server') ?? old) !== old);
    await until('the API answers', async () => (await cli(['auth', 'whoami'])).code === 0);
    await isServed(started.sessionId, 'probe');
    enough.abort();
    await heardFrom(conversation, await saying);
    conversation.close();
    expect(await sessionEnds(cli, 'probe', started.sessionId)).toMatchObject({ endReason: 'socket_closed' });
    expectOneEnd(cloud.dataDir, started.sessionId, 'socket_closed');
    await expectPlaceFree(cloud.dataDir, started.sessionId);
  });

  const lacking = missing('python', 'espeak');
  test.skipIf(lacking)(
    `a real pipeline says back the whole sentence${lacking ? ` (${lacking})` : ''}`,
    { timeout: 900_000 },
    async () => {
      await cli.ok(['deploy', '--yes'], { cwd: copyAgent('examples/pipecat-echo') });
      const sentence = speak('While we talk, one part of the machine is killed, and then another. ');
      const { session, conversation, said } = await survive('pipecat-echo', pipecat, sentence, async () => undefined);
      expect(heardSeconds(conversation.heard()) / heardSeconds(said)).toBeGreaterThan(0.95);
      await logsHave(cli, 'pipecat-echo', session, 'Client connected', 'Client disconnected', 'bytes of audio');
    },
  );
});

describe('what happens while a part is down', () => {
  let parts: Parts;
  let cli: Cli;

  beforeAll(async () => {
    parts = await createParts();
    await parts.start('server');
    await parts.start('worker');
    cli = createCli({ token: parts.token(), port: parts.port });
    await cli.ok(['deploy', '--yes'], { cwd: copyAgent('e2e/agents/probe') });
  });

  afterEach(async () => {
    for (const part of ['server', 'worker'] as const) if (!parts.pid(part)) await parts.start(part);
  });

  afterAll(async () => {
    await parts.close();
  });

  test('a bot that finishes while the worker is down has its session ended once', async () => {
    const session = await startSession(cli, 'probe', { dial: media.url });
    const conversation = converse(await media.caller(), raw);
    await conversation.say(hum(1));
    await parts.kill('worker');
    const more = hum(1);
    await conversation.say(more);
    await conversation.hears(more.length * 2);
    conversation.close();
    await conversation.closed;
    expect(await sessionOf(cli, 'probe', session)).toMatchObject({ state: 'active', endedAt: null });
    await parts.start('worker');
    expect(await sessionEnds(cli, 'probe', session)).toMatchObject({ endReason: 'completed' });
    await logsHave(cli, 'probe', session, 'the probe is done');
    expectOneEnd(parts.dataDir, session, 'completed');
    await expectPlaceFree(parts.dataDir, session);
  });

  test('a bot that finishes while the control plane is down has its session ended once', async () => {
    const session = await startSession(cli, 'probe', { dial: media.url });
    const conversation = converse(await media.caller(), raw);
    await conversation.say(hum(1));
    await parts.kill('server');
    expect((await cli(['agent', 'list'])).code).toBe(12);
    const more = hum(1);
    await conversation.say(more);
    await conversation.hears(more.length * 2);
    conversation.close();
    await conversation.closed;
    await parts.start('server');
    expect(await sessionEnds(cli, 'probe', session)).toMatchObject({ endReason: 'completed' });
    await logsHave(cli, 'probe', session, 'the probe is done');
    expectOneEnd(parts.dataDir, session, 'completed');
  });

  test.each(['server', 'worker'] as const)(
    'a socket session ends with the %s that it passes through, once',
    async (part) => {
      const started = await cli.json<{ sessionId: string; token: string; wsUrl: string }>([
        ...['agent', 'start', 'probe', '--transport', 'websocket'],
      ]);
      const conversation = converse(await dial(`${started.wsUrl}?token=${started.token}`), raw);
      await conversation.say(hum(1));
      await conversation.hears(frameBytes);
      await parts.kill(part);
      await conversation.closed;
      await parts.start(part);
      const ended = await sessionEnds(cli, 'probe', started.sessionId);
      expect(ended).toMatchObject({ endReason: 'socket_closed' });
      expectOneEnd(parts.dataDir, started.sessionId, 'socket_closed');
      await expectPlaceFree(parts.dataDir, started.sessionId);
    },
  );
});
