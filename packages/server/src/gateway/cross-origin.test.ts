import { afterEach, beforeEach, expect, test } from 'vitest';
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../testing/gateway-world.js';

let world: GatewayWorld;
beforeEach(async () => {
  world = await openGatewayWorld();
});
afterEach(() => world.close());

const preflight = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${world.url}/v1/public/${path}`, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', ...headers },
  });

test.each(['bot/start', 'nobody/start', 'bot/sessions/any/api/offer'])(
  'a preflight of %s is answered without a credential',
  async (path) => {
    const response = await preflight(path, { 'access-control-request-headers': 'authorization,x-own' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,x-own');
    const allowed = response.headers.get('access-control-allow-methods')?.split(', ').sort();
    expect(allowed).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
  },
);

test('headers that browsers always need are named when none are asked for', async () => {
  expect((await preflight('bot/start')).headers.get('access-control-allow-headers')).toBe(
    'Authorization, Content-Type',
  );
});

test('no other part of the API is open to them', async () => {
  const response = await fetch(`${world.url}/v1/users`, { headers: { origin: 'https://app.example' } });
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});

test('OPTIONS that is no preflight needs the key and is the agent’s own', async () => {
  const { sessionId } = await bodyOf(await world.start({}));
  world.container.answer = (_request, response) => response.writeHead(200, { allow: 'GET, POST' }).end();
  const options = { method: 'OPTIONS' };
  const own = await world.send(`bot/sessions/${sessionId}/notes`, options);
  expect([own.status, own.headers.get('allow')]).toEqual([200, 'GET, POST']);
  expect(world.seen.at(-1)?.method).toBe('OPTIONS');
  const refused = await world.send(`bot/sessions/${sessionId}/notes`, { ...options, headers: { authorization: '' } });
  expect(refused.status).toBe(401);
});
