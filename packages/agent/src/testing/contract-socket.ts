import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentCommand, type AgentProcess, startAgent, until } from './agent-process.js';
import { base64, openSocket, postBot } from './calls.js';

/** `WS /ws?body=`. */
export function socketSessionRules(command: AgentCommand): void {
  describe('socket sessions', () => {
    let agent: AgentProcess;
    beforeAll(async () => {
      agent = await startAgent(command);
    });
    afterAll(() => agent.stop());

    test('echoes text and binary frames unchanged and in order', async () => {
      const { ws, frames, closed } = await openSocket(agent);
      const sent = ['text ü', Buffer.from([0, 255, 10, 13]), '', Buffer.alloc(70_000, 7), 'end'];
      for (const frame of sent) ws.send(frame);
      await until('all frames', () => frames.length > sent.length);
      expect(frames.slice(1)).toEqual(sent);
      ws.close();
      await closed;
    });

    test('gives the bot id and body, and ends the session when the client closes', async () => {
      const { id, ws, frames, closed } = await openSocket(agent, `?body=${base64({ who: 'é?>' })}`);
      await until('the first frame', () => frames[0]);
      expect(JSON.parse(String(frames[0]))).toEqual({ id, body: { who: 'é?>' }, room: null });
      await agent.line(id, 'Starting bot session with metadata: ');
      ws.close(4001, 'enough');
      await closed;
      await agent.line(id, 'Stopping bot session with metadata: ');
      expect((await postBot(agent, {}).answer).status).toBe(200);
    });

    test('repairs a body whose plus signs were turned into spaces', async () => {
      const encoded = base64({ text: '>>>~~~' });
      expect(encoded).toContain('+');
      const { ws, frames, closed } = await openSocket(agent, `?body=${encoded.replaceAll('+', '%20')}`);
      await until('the first frame', () => frames[0]);
      expect(JSON.parse(String(frames[0]))).toMatchObject({ body: { text: '>>>~~~' } });
      ws.close();
      await closed;
    });

    test.each(['', '?body=%25%25', `?body=${base64('{"cut":')}`, '?body=IoAi'])(
      'starts the bot with an empty body on %j',
      async (query) => {
        const { id, ws, frames, closed } = await openSocket(agent, query);
        await until('the first frame', () => frames[0]);
        expect(JSON.parse(String(frames[0]))).toMatchObject({ body: {} });
        if (query) await agent.line('| ERROR    |', `| ${id} - `, 'base64');
        ws.close();
        await closed;
      },
    );

    test('closes with 1000 when the bot returns and with 1011 when it throws', async () => {
      const returned = await openSocket(agent, `?body=${base64({ do: 'return' })}`);
      expect(await returned.closed).toBe(1000);
      await agent.line(returned.id, 'Stopping bot session');
      const thrown = await openSocket(agent, `?body=${base64({ do: 'throw' })}`);
      expect(await thrown.closed).toBe(1011);
      await agent.line('| ERROR    |', thrown.id, 'on purpose');
    });

    test('refuses a second session with 409 while a socket is open', async () => {
      const { id, ws, closed } = await openSocket(agent);
      expect((await postBot(agent, {}).answer).status).toBe(409);
      ws.close();
      await closed;
      await agent.line(id, 'Stopping bot session');
    });

    test('a client that vanishes without closing ends the session too', async () => {
      const { id, ws } = await openSocket(agent);
      ws.terminate();
      await agent.line(id, 'Stopping bot session');
    });
  });
}
