import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type AgentCommand, type AgentProcess, startAgent, until } from './agent-process.js';
import { base64, openSocket, postBot, status } from './calls.js';

const HEAD = 'HTTP/1.1\r\nhost: agent\r\ncontent-type: application/json\r\n';
const LIMIT = 'x-pcc-max-session-seconds';

/** Settings, the session limit, and shutdown. Each test has its own process. */
export function lifetimeRules(command: AgentCommand): void {
  describe('lifetime', () => {
    let agent: AgentProcess | undefined;
    async function start(env?: Record<string, string>): Promise<AgentProcess> {
      agent = await startAgent(command, env);
      return agent;
    }
    afterEach(() => agent?.stop());

    test('tells the bot to stop at the session limit, answers 200, and ignores a bad limit', async () => {
      const agent = await start();
      const limited = postBot(agent, { do: 'hang' }, { [LIMIT]: '0.2' });
      expect((await limited.answer).status).toBe(200);
      await agent.line(limited.id, 'told to stop');
      await agent.line(limited.id, 'Stopping bot session');
      for (const bad of ['soon', '0', '-5']) {
        const { id, answer } = postBot(agent, { do: 'return' }, { [LIMIT]: bad });
        expect((await answer).status).toBe(200);
        await agent.line('| WARNING  |', id, bad);
      }
    });

    test('closes the socket with 1001 at the session limit', async () => {
      const agent = await start();
      const { id, closed } = await openSocket(agent, `?body=${base64({ do: 'hang' })}`, { [LIMIT]: '0.2' });
      expect(await closed).toBe(1001);
      await agent.line(id, 'Stopping bot session');
    });

    test('idle, SIGTERM ends it with 0', async () => {
      const agent = await start();
      agent.signal('SIGTERM');
      expect(await agent.exited).toBe(0);
    });

    test('busy, SIGTERM stops accepting and lets the session end before exit 0', async () => {
      const agent = await start();
      const { id, ws, frames, closed } = await openSocket(agent);
      await until('the first frame', () => frames[0]);
      agent.signal('SIGTERM');
      await until('refused connections', async () => !(await agent.accepts()));
      ws.send('after the signal');
      await until('the echo', () => frames[1]);
      expect(frames[1]).toBe('after the signal');
      ws.close();
      await closed;
      expect(await agent.exited).toBe(0);
      await agent.line(id, 'Stopping bot session');
    });

    test('busy, SIGTERM lets /bot answer before exit 0', async () => {
      const agent = await start();
      const { id, answer } = postBot(agent, { do: 'hang' }, { [LIMIT]: '1.5' });
      await agent.line(id, 'seen ');
      agent.signal('SIGTERM');
      const response = await answer;
      expect([response.status, await response.json()]).toEqual([200, {}]);
      expect(await agent.exited).toBe(0);
      await agent.line(id, 'Stopping bot session');
    });

    test('a second SIGTERM ends it at once with 0, whatever the bot does', async () => {
      const agent = await start();
      const { id, answer } = postBot(agent, { do: 'stubborn' });
      const lost = expect(answer).rejects.toThrow();
      await agent.line(id, 'seen ');
      agent.signal('SIGTERM');
      await agent.line('Shutting down when the session ends');
      agent.signal('SIGTERM');
      expect(await agent.exited).toBe(0);
      await lost;
    });

    test('after SHUTDOWN_TIMEOUT the bot is told to stop, and a stubborn one is left behind', async () => {
      const first = await start({ SHUTDOWN_TIMEOUT: '1' });
      const { id, answer } = postBot(first, { do: 'hang' });
      await first.line(id, 'seen ');
      first.signal('SIGTERM');
      expect((await answer).status).toBe(200);
      await first.line(id, 'told to stop');
      expect(await first.exited).toBe(0);

      const second = await start({ SHUTDOWN_TIMEOUT: '1' });
      const stubborn = postBot(second, { do: 'stubborn' });
      const lost = expect(stubborn.answer).rejects.toThrow();
      await second.line(stubborn.id, 'seen ');
      second.signal('SIGTERM');
      expect(await second.exited).toBe(0);
      await lost;
    });

    test('PIPECAT_LOG_LEVEL leaves lines out, but never the markers', async () => {
      const agent = await start({ PIPECAT_LOG_LEVEL: 'error' });
      const { id, answer } = postBot(agent, { do: 'levels' });
      await answer;
      await agent.line(id, 'Stopping bot session with metadata: ');
      const own = agent.lines().filter((line) => line.includes(id));
      expect(own.map((line) => line.split(' - ')[1]?.split(' with ')[0])).toEqual([
        'Starting bot session',
        'at error',
        'Stopping bot session',
      ]);
    });

    test('settings that make no sense: a bad PORT ends it with 1 and a line that names it, others warn', async () => {
      const bad = await start({ PORT: '99999999' }).catch((error) => error);
      expect(await bad.exited).toBe(1);
      await bad.line('PORT', '99999999');
      const agent = await start({ SHUTDOWN_TIMEOUT: 'long', PIPECAT_LOG_LEVEL: 'loud' });
      await agent.line('| WARNING  |', 'SHUTDOWN_TIMEOUT', 'long');
      await agent.line('| WARNING  |', 'PIPECAT_LOG_LEVEL');
    });

    test('a taken port ends it with 1 and a line that names the address', async () => {
      const holder = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      const address = await until('the port', () => holder.address());
      const port = typeof address === 'object' ? String(address.port) : '';
      const agent = await start({ PORT: port });
      expect(await agent.exited).toBe(1);
      await agent.line(`127.0.0.1:${port}`, 'HOST and PORT');
      holder.close();
    });

    test('while shutting down, a connection that is still open begins no new session', async () => {
      const agent = await start();
      const { ws, closed } = await openSocket(agent);
      const kept = connect(agent.port, '127.0.0.1');
      let received = '';
      kept.setEncoding('utf8').on('data', (chunk) => {
        received += chunk;
      });
      // A request under way keeps the connection open; the next one follows it after the signal.
      kept.write(`POST /say ${HEAD}content-length: 2\r\n\r\n1`);
      await once(kept, 'ready');
      await status(agent);
      agent.signal('SIGTERM');
      await until('refused connections', async () => !(await agent.accepts()));
      kept.write(`2POST /bot ${HEAD}content-length: 2\r\n\r\n{}`);
      await until('the refusal', () => received.includes('HTTP/1.1 503'));
      expect(received).toMatch(/^HTTP\/1\.1 200/);
      kept.destroy();
      ws.close();
      await closed;
      expect(await agent.exited).toBe(0);
    });
  });
}
