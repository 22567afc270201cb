import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createFakeClock } from '../testing/harness.js';
import { createIceServers } from './ice-servers.js';

const clock = createFakeClock('2026-01-01T00:00:00.000Z');
const secret = async () => 'shared';

test('STUN servers have no credential, TURN servers one of the session that the shared secret proves', async () => {
  const urls = ['stun:a.example', 'turn:b.example:3478?transport=udp', 'turns:b.example'];
  const [stun, turn, ...more] = await createIceServers({ urls, turn: { secret } }, clock)('session-1');
  expect(stun).toEqual({ urls: ['stun:a.example'] });
  expect(turn?.urls).toEqual(urls.slice(1));
  const [until, session] = (turn?.username ?? '').split(':');
  // The longest session, 4 hours, and a little.
  expect(Number(until) - clock.now().getTime() / 1000).toBe(4 * 3600 + 600);
  expect(session).toBe('session-1');
  const expected = createHmac('sha1', 'shared')
    .update(turn?.username ?? '')
    .digest('base64');
  expect(turn?.credential).toBe(expected);
  expect(more).toEqual([]);
});

test('TURN servers that share no secret get the name and password of the settings', async () => {
  const turn = { username: 'u', password: async () => 'p' };
  expect(await createIceServers({ urls: ['turn:b.example'], turn }, clock)('session-1')).toEqual([
    { urls: ['turn:b.example'], username: 'u', credential: 'p' },
  ]);
});

test('there may be none', async () => {
  expect(await createIceServers({ urls: [], turn: undefined }, clock)('session-1')).toEqual([]);
});
