import { type Browser, chromium, type Page, type Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, sessionEnds, sessionOf } from '../src/support/agents.js';
import { type Cli, createCli } from '../src/support/cli.js';
import { type Cloud, startCloud } from '../src/support/cloud.js';
import { missing, resources } from '../src/support/environment.js';
import { audioOf } from '../src/support/frames.js';
import { cleanUp } from '../src/support/paths.js';
import { freePort } from '../src/support/ports.js';
import { run } from '../src/support/processes.js';
import { until } from '../src/support/wait.js';
import { readGuide } from './browser/guide.js';
import { type Pages, servePages } from './browser/pages.js';
import { type Spy, spyOn } from './browser/spy.js';

const lacking = missing('chromium', 'browserClients');
const withoutPython = missing('python');
const guide = readGuide();
const greeted = 'The bot is ready and says Hello';

describe.skipIf(lacking)(`the published browser clients${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let cli: Cli;
  let browser: Browser;
  let pages: Pages;
  let publicKey: string;

  beforeAll(async () => {
    cloud = await startCloud({ env: { PIPECAT_CLOUD_ICE_SERVERS: 'stun:127.0.0.1:9' } });
    cli = createCli({ token: cloud.token(), port: cloud.port });
    publicKey = (await cloud.client(cloud.token()).createApiKey('my-team', { name: 'pages', type: 'public' })).key;
    pages = await servePages(resources.browserClients ?? '');
    browser = await chromium.launch({
      executablePath: resources.chromium ?? '',
      args: [
        // Inside containers Chromium's own sandbox can't be made.
        '--no-sandbox',
        '--disable-dev-shm-usage',
        // A microphone that beeps, and a person who lets the page use it.
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
      ],
    });
    await cli.ok(['deploy', '--yes', '--max-agents', '1'], { cwd: copyAgent('examples/echo') });
    if (!withoutPython) await cli.ok(['deploy', '--yes'], { cwd: copyAgent('examples/pipecat-echo') });
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await cleanUp();
  });

  /** Opens a page of the guide, as it stands there, in a browser of its own. */
  async function open(mark: string, filling: { publicKey?: string; agent?: string } = {}) {
    const name = `${mark}-${filling.agent ?? 'pipecat-echo'}-${filling.publicKey ?? 'key'}`;
    const script = guide.filled(mark, { host: cloud.url, publicKey, ...filling });
    return await openScript(name, script);
  }

  async function openScript(name: string, script: string) {
    const address = await pages.add(name, guide.block('page'), script);
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    const spy = await spyOn(page);
    const sent = watchRequests(page);
    await page.goto(address);
    const shows = (text: string | RegExp) => page.locator('#state').filter({ hasText: text }).waitFor();
    return { page, spy, sent, shows, talk: () => page.locator('#talk').click(), leave: () => page.locator('#leave').click() };
  }

  describe.skipIf(withoutPython)(`over WebRTC${withoutPython ? ` (${withoutPython})` : ''}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let sessionId: string;
    let spy: Spy;

    test('connects, greets and hears itself, through a preflight and the session of its start', async () => {
      opened = await open('webrtc');
      spy = opened.spy;
      await opened.talk();
      await opened.shows(greeted);
      await spy.hears();
      const { sent } = opened;
      const started = await sent.answerOf('POST', '/start');
      sessionId = started.sessionId as string;
      expect(started).toEqual({ sessionId: expect.any(String), iceConfig: { iceServers: [{ urls: ['stun:127.0.0.1:9'] }] } });
      expect(await spy.iceServers()).toEqual([{ urls: ['stun:127.0.0.1:9'] }]);
      expect(sent.of('POST', '/api/offer').map(bodyOf)).toEqual([
        { sdp: expect.any(String), type: 'offer', pc_id: null, restart_pc: false },
      ]);
      await until('candidates are accepted', async () => {
        const [patch] = sent.of('PATCH', '/api/offer');
        return (await patch?.response())?.status() === 200;
      });
    });

    test('another offer on the same connection is answered, and the talk goes on', async () => {
      const before = opened.sent.of('POST', '/api/offer').length;
      const { pc_id } = await opened.sent.answerOf('POST', '/api/offer');
      await spy.askForOffer();
      const offer = await until('another offer', () => opened.sent.of('POST', '/api/offer')[before]);
      expect(bodyOf(offer)).toMatchObject({ pc_id, restart_pc: false });
      expect((await offer.response())?.status()).toBe(200);
      expect(await spy.connections()).toBe(1);
      await spy.hears();
    });

    test('when the network breaks a new connection takes over, in the same session', async () => {
      const before = opened.sent.of('POST', '/api/offer').length;
      const { pc_id } = await opened.sent.answerOf('POST', '/api/offer');
      await spy.failIce();
      const offer = await until('another offer', () => opened.sent.of('POST', '/api/offer')[before]);
      expect(bodyOf(offer)).toMatchObject({ pc_id, restart_pc: true });
      expect((await offer.response())?.status()).toBe(200);
      expect(await spy.connections()).toBe(2);
      await spy.hears();
      expect(await sessionOf(cli, 'pipecat-echo', sessionId)).toMatchObject({ state: 'active' });
    });

    test('leaving ends the session', async () => {
      await opened.leave();
      await opened.shows('Gone');
      expect(await sessionEnds(cli, 'pipecat-echo', sessionId)).toMatchObject({ endReason: 'completed' });
      await logsHave(cli, 'pipecat-echo', sessionId, 'Client connected', 'Client disconnected', 'bytes of audio');
    });
  });

  describe.skipIf(withoutPython)(`over a WebSocket${withoutPython ? ` (${withoutPython})` : ''}`, () => {
    test('connects with what it picks from the answer, greets, hears itself, and leaving ends the session', async () => {
      const opened = await open('websocket');
      const heard = watchAudio(opened.page);
      await opened.talk();
      await opened.shows(greeted);
      const { sessionId } = await opened.sent.answerOf('POST', '/start');
      await until('a beep comes back', () => heard.loudest() > 1000);
      // The rate is that of the body, which came through the address of the socket.
      expect(heard.rates()).toEqual([24_000]);
      await opened.leave();
      await opened.shows('Gone');
      expect(await sessionEnds(cli, 'pipecat-echo', sessionId as string)).toMatchObject({ endReason: 'socket_closed' });
    });

    test('a server of one’s own hands the page what it needs, and keeps the key', async () => {
      const port = await freePort();
      const server = run(process.execPath, ['--input-type=module', '--eval', guide.block('server')], {
        env: {
          PORT: String(port),
          PIPECAT_API_HOST: cloud.url,
          PIPECAT_PUBLIC_KEY: publicKey,
          PAGE_ORIGIN: pages.origin,
        },
      });
      await until('it listens', async () => (await fetch(`http://localhost:${port}`)).ok);
      const ownCall = guide.block('own-server').replace('https://my-app.example.com', `http://localhost:${port}`);
      // The example's page, with the call of the guide in place of the two that need the key.
      const script = guide.block('websocket').replace(/const \{ wsUrl[\s\S]*?token \}\);\n/, ownCall);
      const opened = await openScript('own-server', script);
      await opened.talk();
      await opened.shows(greeted);
      expect(await opened.page.content()).not.toContain(publicKey);
      await opened.leave();
      await opened.shows('Gone');
      server.child.kill('SIGTERM');
      await server.ended;
    });

    test('it refuses the whole answer of start, which is why the guide takes it apart', async () => {
      const script = guide
        .filled('websocket', { host: cloud.url, publicKey })
        .replace('client.startBot(', 'client.startBotAndConnect(');
      const opened = await openScript('whole-answer', script);
      await opened.talk();
      await opened.shows('Unrecognized connection parameter: sessionId');
    });
  });

  describe('with the echo agent', () => {
    test('a socket carries what the client sends, both ways', async () => {
      const opened = await open('websocket', { agent: 'echo' });
      const heard = watchAudio(opened.page);
      await opened.talk();
      await until('a beep comes back', () => heard.loudest() > 1000);
      const { sessionId } = await opened.sent.answerOf('POST', '/start');
      // Its routes are open to the page as well.
      const status = await opened.page.evaluate<{ sessionId: string; frames: number }>(
        `fetch(${JSON.stringify(`${cloud.url}/v1/public/echo/sessions/${sessionId}/status`)}, {
          headers: { authorization: ${JSON.stringify(`Bearer ${publicKey}`)} },
        }).then((answer) => answer.json())`,
      );
      expect(status.sessionId).toBe(sessionId);
      expect(status.frames).toBeGreaterThan(0);

      const second = await open('webrtc', { agent: 'echo' });
      await second.talk();
      await second.shows(/^Agent 'echo' is at capacity: .* Try again when one ends/);
      expect((await second.sent.of('POST', '/start')[0]?.response())?.status()).toBe(429);

      await opened.leave();
      expect(await sessionEnds(cli, 'echo', sessionId as string)).toMatchObject({ endReason: 'socket_closed' });
    });

    test('refusals are sentences in the page', async () => {
      const wrongKey = await open('webrtc', { publicKey: `${publicKey.slice(0, -1)}_` });
      await wrongKey.talk();
      await wrongKey.shows(/key/i);
      expect((await wrongKey.sent.of('POST', '/start')[0]?.response())?.status()).toBe(401);
      const unknown = await open('webrtc', { agent: 'nobody' });
      await unknown.talk();
      await unknown.shows("Agent 'nobody' not found");
    });

    test('an agent without WebRTC refuses the offer, and the client gives up at once', async () => {
      const opened = await open('webrtc', { agent: 'echo' });
      await opened.talk();
      await opened.shows('WebRTC offer rejected with status 404');
      const { sessionId } = await opened.sent.answerOf('POST', '/start');
      await cli.ok(['agent', 'stop', 'echo', '--session-id', sessionId as string, '--force']);
    });
  });
});

const bodyOf = (request: Request): unknown => JSON.parse(request.postData() ?? 'null');

/** The requests of a page to the API, in order. */
function watchRequests(page: Page) {
  const requests: Request[] = [];
  page.on('request', (request) => requests.push(request));
  const of = (method: string, end: string) =>
    requests.filter((request) => request.method() === method && request.url().endsWith(end));
  return {
    of,
    /** What the last such request was answered with. */
    async answerOf(method: string, end: string): Promise<Record<string, unknown>> {
      const request = await until(`${method} …${end}`, () => of(method, end).at(-1));
      return (await (await request.response())?.json()) as Record<string, unknown>;
    },
  };
}

/** The audio that comes in over the sockets of a page. */
function watchAudio(page: Page) {
  let loudest = 0;
  const rates = new Set<number>();
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const frame = audioOf(Buffer.from(payload));
      if (!frame) return;
      rates.add(frame.sample_rate);
      for (let at = 0; at + 1 < frame.audio.length; at += 2) {
        loudest = Math.max(loudest, Math.abs(Buffer.from(frame.audio).readInt16LE(at)));
      }
    }),
  );
  return { loudest: () => loudest, rates: () => [...rates] };
}
