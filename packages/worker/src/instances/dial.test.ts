import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { InstanceAgent, type InstanceRequest } from './dial.js';

test('a connection that is kept serves only the instance that it was made to, though another has its address now', async () => {
  const server = createServer((_, response) => response.end('ok'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const asked: string[] = [];
  const runs = async (instanceId: string) => {
    asked.push(instanceId);
    return instanceId !== 'gone';
  };
  const agent = new InstanceAgent(() => ({ runs }), { keepAlive: true });
  const ask = async (instanceId: string) => {
    const sent = request({ agent, instanceId, host: '127.0.0.1', port, path: '/' } as InstanceRequest).end();
    const [answer] = await once(sent, 'response');
    await text(answer);
  };
  await ask('i-1');
  await ask('i-1');
  expect(asked).toEqual(['i-1']);
  await ask('i-2');
  expect(asked).toEqual(['i-1', 'i-2']);
  await expect(ask('gone')).rejects.toThrow('the instance has ended');
  agent.destroy();
  server.close();
});
