import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify, { type FastifyReply } from 'fastify';
import { expect, test, vi } from 'vitest';
import { goneSignal } from './gone.js';

test.each(['before', 'after'])('a caller that left %s it was asked about is gone', async (when) => {
  const app = Fastify();
  const replies: FastifyReply[] = [];
  app.get('/', (_request, reply) => void replies.push(reply));
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const caller = connect(Number(port), '127.0.0.1');
  caller.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await vi.waitFor(() => expect(replies).toHaveLength(1), { timeout: 60_000 });
  const [waiting] = replies as [FastifyReply];
  const early = when === 'after' ? goneSignal(waiting) : undefined;
  expect(early?.aborted).not.toBe(true);
  const closed = once(waiting.raw, 'close');
  caller.destroy();
  await closed;
  expect((early ?? goneSignal(waiting)).aborted).toBe(true);
  await app.close();
});

test('a caller that was answered is not gone', async () => {
  const app = Fastify();
  let signal: AbortSignal | undefined;
  app.get('/', async (_request, reply) => {
    signal = goneSignal(reply);
    return {};
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  await (await fetch(url)).text();
  await app.close();
  expect(signal?.aborted).toBe(false);
});
