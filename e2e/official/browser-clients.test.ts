import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, sessionEnds, sessionOf } from '../src/support/agents.js';
import { openBrowser } from '../src/support/browser.js';
import { type Cli, createCli } from '../src/support/cli.js';
import { type Cloud, startCloud } from '../src/support/cloud.js';
import { missing, resources } from '../src/support/environment.js';
import { cleanUp } from '../src/support/paths.js';
import { freePort } from '../src/support/ports.js';
import { run } from '../src/support/processes.js';
import { until } from '../src/support/wait.js';
import { type Filling, readGuide } from './browser/guide.js';
import { bodyOf, type OpenedPage, openPage } from './browser/opened-page.js';
import { type Pages, servePages } from './browser/pages.js';
import { collectRows } from './browser/rows.js';
import { compareSection } from './compatibility-page.js';

const lacking = missing('chromium', 'browserClients');
const withoutPython = missing('python');
const guide = readGuide();
const { passed, table } = collectRows();
const unreadable = 'the socket is refused; browsers hide the status from the page';

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
    // A microphone that beeps, and a person who lets the page use it.
    browser = await openBrowser({
      args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      seesNetworks: true,
    });
    await cli.ok(['deploy', '--yes', '--max-agents', '1'], { cwd: copyAgent('examples/echo') });
    if (!withoutPython) await cli.ok(['deploy', '--yes'], { cwd: copyAgent('examples/pipecat-echo') });
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await cleanUp();
  });

  let scripts = 0;
  async function openScript(script: string): Promise<OpenedPage> {
    scripts++;
    return await openPage(browser, await pages.add(`page-${scripts}`, guide.block('page'), script));
  }
  /** A page of the guide, as it stands there. */
  const open = (mark: string, filling: Partial<Filling> = {}) =>
    openScript(guide.filled(mark, { host: cloud.url, publicKey, ...filling }));

  describe.skipIf(withoutPython)(`over WebRTC${withoutPython ? ` (${withoutPython})` : ''}`, () => {
    let page: OpenedPage;

    test('connects, greets and hears itself, with the ICE servers that it asked for', async () => {
      page = await open('webrtc');
      await page.talk();
      await page.shows('The bot is ready');
      await page.greets();
      passed('message', 'webrtc');
      await page.spy.hears();
      passed('audio', 'webrtc');
      const iceServers = [{ urls: ['stun:127.0.0.1:9'] }];
      const started = await page.sent.answerOf('POST', '/start');
      expect(started).toEqual({ sessionId: expect.any(String), iceConfig: { iceServers } });
      passed('start', 'webrtc');
      passed('startAndConnect', 'webrtc');
      expect(await page.spy.iceServers()).toEqual(iceServers);
      passed('ice', 'webrtc');
      await logsHave(cli, 'pipecat-echo', await page.sessionId(), 'Client connected, 24000 samples a second');
      passed('body', 'webrtc');
    });

    test('its offer and candidates went through the session', async () => {
      const [offer, ...more] = page.sent.of('POST', `/sessions/${await page.sessionId()}/api/offer`);
      expect(offer && bodyOf(offer)).toEqual({
        sdp: expect.any(String),
        type: 'offer',
        pc_id: null,
        restart_pc: false,
      });
      expect(more).toEqual([]);
      passed('offer', 'webrtc');
      const patch = await until('candidates are sent', () => page.sent.of('PATCH', '/api/offer')[0]);
      expect((await patch.response())?.status()).toBe(200);
      passed('candidates', 'webrtc');
    });

    test('another offer on the same connection is answered, and the talk goes on', async () => {
      await offersAgain(() => page.spy.askForOffer(), { restart_pc: false });
      expect(await page.spy.connections()).toBe(1);
      await page.greets();
      await page.spy.hears();
      passed('renegotiate', 'webrtc');
    });

    test('when the network breaks a new connection takes over, in the same session', async () => {
      await offersAgain(() => page.spy.failIce(), { restart_pc: true });
      await until('there is another connection', async () => (await page.spy.connections()) === 2);
      await page.spy.connected();
      await page.greets();
      expect(await sessionOf(cli, 'pipecat-echo', await page.sessionId())).toMatchObject({ state: 'active' });
      await until('the microphone is stopped', async () => (await page.spy.microphone()) === 'ended');
      passed('restart', 'webrtc', 'messages go on; the client stops its microphone together with the old connection');
    });

    test('leaving ends the session', async () => {
      await page.leave();
      const sessionId = await page.sessionId();
      expect(await sessionEnds(cli, 'pipecat-echo', sessionId)).toMatchObject({ endReason: 'completed' });
      await logsHave(cli, 'pipecat-echo', sessionId, 'Client disconnected', 'bytes of audio');
      passed('leave', 'webrtc');
    });

    async function offersAgain(cause: () => Promise<unknown>, expected: object): Promise<void> {
      const before = page.sent.of('POST', '/api/offer').length;
      const { pc_id } = await page.sent.answerOf('POST', '/api/offer');
      await cause();
      const offer = await until('another offer', () => page.sent.of('POST', '/api/offer')[before]);
      expect(bodyOf(offer)).toMatchObject({ pc_id, ...expected });
      expect((await offer.response())?.status()).toBe(200);
    }
  });

  describe.skipIf(withoutPython)(`over a WebSocket${withoutPython ? ` (${withoutPython})` : ''}`, () => {
    test('connects with what it picks from the answer, greets, hears itself, and leaving ends the session', async () => {
      const page = await open('websocket');
      await page.talk();
      await page.shows('The bot is ready');
      passed('start', 'websocket');
      passed('socket', 'websocket');
      await page.greets();
      passed('message', 'websocket');
      await page.audio.hears();
      expect(page.audio.rates()).toEqual([24_000]);
      passed('audio', 'websocket');
      const sessionId = await page.sessionId();
      await logsHave(cli, 'pipecat-echo', sessionId, 'Client connected, 24000 samples a second');
      passed('body', 'websocket');
      await page.leave();
      expect(await sessionEnds(cli, 'pipecat-echo', sessionId)).toMatchObject({ endReason: 'socket_closed' });
      passed('leave', 'websocket');
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
      const page = await openScript(guide.block('websocket').replace(/const \{ wsUrl[\s\S]*?token \}\);\n/, ownCall));
      await page.talk();
      await page.shows('The bot is ready');
      await page.greets();
      await page.leave();
      server.child.kill('SIGTERM');
      await server.ended;
    });

    test('the whole answer of start is refused, which is why the guide takes it apart', async () => {
      const script = guide.filled('websocket', { host: cloud.url, publicKey });
      const page = await openScript(script.replace('client.startBot(', 'client.startBotAndConnect('));
      await page.talk();
      await page.shows('Unrecognized connection parameter: sessionId');
      passed('startAndConnect', 'websocket', 'through a server of one’s own; the transport refuses `sessionId`');
    });
  });

  describe('with the echo agent', () => {
    test('a socket carries what the client sends, both ways, and whoever comes too late reads why', async () => {
      const page = await open('websocket', { agent: 'echo' });
      await page.talk();
      await page.audio.hears();
      const sessionId = await page.sessionId();
      // Its routes are open to the page as well.
      const route = `${cloud.url}/v1/public/echo/sessions/${sessionId}/status`;
      const status = await page.page.evaluate<{ sessionId: string; frames: number }>(
        `fetch('${route}', { headers: { authorization: 'Bearer ${publicKey}' } }).then((answer) => answer.json())`,
      );
      expect(status).toEqual({ sessionId, frames: expect.any(Number), bytes: expect.any(Number) });
      expect(status.frames).toBeGreaterThan(0);

      const late = await open('webrtc', { agent: 'echo' });
      await late.talk();
      await late.shows(/^Agent 'echo' is at capacity: .* Try again in about \d+ s, /);
      expect(await late.startStatus()).toBe(429);
      passed('capacity', 'webrtc', 'its text in `error.message`');
      const lateSocket = await open('websocket', { agent: 'echo' });
      await lateSocket.talk();
      await lateSocket.shows('Failed to connect to websocket');
      passed('capacity', 'websocket', unreadable);

      await page.leave();
      expect(await sessionEnds(cli, 'echo', sessionId)).toMatchObject({ endReason: 'socket_closed' });
    });

    test.each(['webrtc', 'websocket'] as const)('refusals are sentences in the page: %s', async (mark) => {
      const wrongKey = await open(mark, { publicKey: `${publicKey.slice(0, -1)}_` });
      await wrongKey.talk();
      await wrongKey.shows(/^The credential that was sent .*Copy it again, or make a new one$/);
      expect(await wrongKey.startStatus()).toBe(401);
      passed('wrongKey', mark);
      const unknown = await open(mark, { agent: 'nobody' });
      await unknown.talk();
      await unknown.shows("Agent 'nobody' not found");
      expect(await unknown.startStatus()).toBe(404);
      passed('unknownAgent', mark);
    });

    test('an agent without WebRTC refuses the offer, and the client gives up at once', async () => {
      await until('the place of the last session is free', async () => {
        const { active, settling, quarantined, leaving } = await cloud
          .client(cloud.token())
          .getCapacity('my-team', 'echo');
        return active + settling + quarantined + leaving === 0;
      });
      const page = await open('webrtc', { agent: 'echo' });
      await page.talk();
      await page.shows('WebRTC offer rejected with status 404');
      await cli.ok(['agent', 'stop', 'echo', '--session-id', await page.sessionId(), '--force']);
    });
  });

  test.skipIf(withoutPython)('docs/compatibility.md says what was found', () => {
    compareSection('javascript-clients', table());
  });
});
