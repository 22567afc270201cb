import { expect, test } from 'vitest';
import { isPlatformHeader, passOn } from './relay-headers.js';

test('headers that end at a hop are left out, also those that Connection names; repeated ones stay repeated', () => {
  const raw = ['Connection', 'close, X-Mine', 'X-Mine', '1', 'TE', 'trailers', 'Set-Cookie', 'a', 'Set-Cookie', 'b'];
  expect(passOn(raw)).toEqual(['Set-Cookie', 'a', 'Set-Cookie', 'b']);
  expect(passOn(['X-A', '1', 'X-B', '2'], (name) => name === 'x-a')).toEqual(['X-B', '2']);
});

test.each([
  'x-daily-session-id',
  'x-daily-room-token',
  'x-pcc-max-session-seconds',
  'x-moq-namespace',
  'x-pipecat-cloud-hop',
])('%s is the platform’s own', (name) => expect(isPlatformHeader(name)).toBe(true));

test.each(['x-hub-signature-256', 'x-own', 'x-dailyish', 'content-type'])('%s is not', (name) =>
  expect(isPlatformHeader(name)).toBe(false),
);
