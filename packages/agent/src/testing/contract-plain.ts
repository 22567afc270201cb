import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentCommand, type AgentProcess, startAgent } from './agent-process.js';
import { post, postBot, refusedUpgrade, status } from './calls.js';

const STARTING = 'Starting bot session with metadata: ';
const STOPPING = 'Stopping bot session with metadata: ';
const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| [A-Z]+ *\| [^:|]+:[^:|]+:\d+ \| \S+ - /;

/** Probes, `POST /bot`, custom routes and log lines. */
export function plainSessionRules(command: AgentCommand): void {
  describe('plain sessions', () => {
    let agent: AgentProcess;
    beforeAll(async () => {
      agent = await startAgent(command, { IMAGE_VERSION: '7.8.9' });
    });
    afterAll(() => agent.stop());

    test('answers the probes, and 503 when the bot says that it is not ready', async () => {
      const live = await fetch(`${agent.url}/livez`);
      expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }]);
      const ready = await fetch(`${agent.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok' }]);
      await post(agent, '/ready', { ready: false });
      const unready = await fetch(`${agent.url}/readyz`);
      expect([unready.status, await unready.json()]).toEqual([503, { ready: false, why: 'asked to' }]);
      await post(agent, '/ready', { ready: true });
    });

    test('holds the request open until the bot returns, then answers 200 {}', async () => {
      const { id, answer } = postBot(agent, { do: 'wait', n: [1, 'é'] });
      await agent.line(id, STARTING);
      expect(JSON.parse((await agent.line(id, 'seen ')).split('seen ')[1] ?? '')).toEqual({
        id,
        body: { do: 'wait', n: [1, 'é'] },
        room: null,
      });
      await expect(Promise.race([answer, status(agent).then(() => 'still open')])).resolves.toBe('still open');
      expect(agent.lines().some((line) => line.includes(id) && line.includes(STOPPING))).toBe(false);
      await post(agent, '/finish');
      const response = await answer;
      expect([response.status, await response.json()]).toEqual([200, {}]);
    });

    test('marks the begin and the end of a session with its id and the version', async () => {
      const { id, answer } = postBot(agent, { do: 'return' });
      await answer;
      for (const marker of [STARTING, STOPPING]) {
        const line = await agent.line(id, marker);
        expect(line).toMatch(LINE);
        expect(line).toContain(`| ${id} - ${marker}`);
        expect(JSON.parse(line.split(marker)[1] ?? '')).toEqual({ session_id: id, image_version: '7.8.9' });
      }
    });

    test.each(['[]', 'null', '"text"', '5', '{"cut":', ''])('refuses the body %j with 422', async (body) => {
      const { id, answer } = postBot(agent, body);
      const response = await answer;
      expect(response.status).toBe(422);
      expect(await response.json()).toHaveProperty('detail');
      expect(agent.lines().some((line) => line.includes(id))).toBe(false);
    });

    test('refuses a body above 10 MiB with 413 and starts nothing', async () => {
      const { id, answer } = postBot(agent, { long: 'x'.repeat(10 * 1024 * 1024) });
      expect((await answer).status).toBe(413);
      expect(agent.lines().some((line) => line.includes(id))).toBe(false);
    });

    test('logs what the bot throws, still answers 200, and ends the session', async () => {
      const { id, answer } = postBot(agent, { do: 'throw' });
      const response = await answer;
      expect([response.status, await response.json()]).toEqual([200, {}]);
      await agent.line('| ERROR    |', `| ${id} - `, 'on purpose');
      await agent.line(id, STOPPING);
      expect((await postBot(agent, { do: 'return' }).answer).status).toBe(200);
    });

    test('goes on when the caller of /bot goes away', async () => {
      const caller = new AbortController();
      const { id, answer } = postBot(agent, { do: 'wait' }, {}, caller.signal);
      await agent.line(id, 'seen ');
      caller.abort();
      await expect(answer).rejects.toThrow();
      expect(await status(agent)).toMatchObject({ running: id });
      await post(agent, '/finish');
      await agent.line(id, 'bot returns');
      await agent.line(id, STOPPING);
    });

    test('runs one session at a time and refuses a second with 409', async () => {
      const first = postBot(agent, { do: 'wait' });
      await agent.line(first.id, 'seen ');
      const second = await postBot(agent, { do: 'return' }).answer;
      expect([second.status, await second.json()]).toEqual([409, { detail: expect.any(String) }]);
      expect(await refusedUpgrade(agent.wsUrl)).toBe(409);
      expect(await status(agent)).toMatchObject({ running: first.id });
      await post(agent, '/finish');
      expect((await first.answer).status).toBe(200);
      expect((await postBot(agent, { do: 'return' }).answer).status).toBe(200);
    });

    test('gives the bot its room only when both headers are there', async () => {
      const url = { 'x-daily-room-url': 'https://rooms.example.com/r' };
      const both = postBot(agent, { do: 'return' }, { ...url, 'x-daily-room-token': 't' });
      const room = '"room":{"url":"https://rooms.example.com/r","token":"t"}';
      expect((await agent.line(both.id, 'seen ')).replaceAll('": ', '":').replaceAll(', "', ',"')).toContain(room);
      await both.answer;
      const one = postBot(agent, { do: 'return' }, url);
      expect((await agent.line(one.id, 'seen ')).replaceAll(' ', '')).toContain('"room":null');
      await one.answer;
    });

    test('serves custom routes with the session id, and JSON 404 and 405 elsewhere', async () => {
      expect(await status(agent, 'ses-1')).toEqual({ sessionId: 'ses-1', running: null });
      expect(await post(agent, '/say', { a: [1, 'ü'] })).toEqual({ said: { a: [1, 'ü'] } });
      const missing = await fetch(`${agent.url}/api/other?x=1`);
      expect([missing.status, await missing.json()]).toEqual([404, { detail: expect.any(String) }]);
      const wrong = await fetch(`${agent.url}/say`);
      expect([wrong.status, await wrong.json()]).toEqual([405, { detail: expect.any(String) }]);
      expect((await fetch(`${agent.url}/bot`)).status).toBe(405);
      expect(await refusedUpgrade(`${agent.wsUrl}/other`)).toBeGreaterThanOrEqual(403);
    });

    test('writes lines in the format of the base image, NONE without a session, prints untouched', async () => {
      const { id, answer } = postBot(agent, { do: 'levels' });
      await answer;
      await agent.line(id, 'bot returns');
      const levels = ['| DEBUG    | ', '| INFO     | ', '| WARNING  | ', '| ERROR    | '];
      const messages = ['seen', 'at info', 'at warning', 'at error'];
      for (const [index, message] of messages.entries()) {
        const line = await agent.line(levels[index] ?? '', `| ${id} - ${message}`);
        expect(line).toMatch(LINE);
      }
      expect(agent.lines()).toContain('a bare line');
      expect(await agent.line('Agent listening on')).toMatch(/ \| NONE - /);
      const nameless = await fetch(`${agent.url}/bot`, { method: 'POST', body: '{}' });
      expect(nameless.status).toBe(200);
      await agent.line('| NONE - Stopping bot session with metadata: ');
    });
  });
}
