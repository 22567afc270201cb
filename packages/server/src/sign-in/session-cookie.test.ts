import { expect, test } from 'vitest';
import { createSessionCookie } from './session-cookie.js';

const value = '0123456789abcdef0123456789abcdef01234567';

test('over TLS the cookie has the prefix that binds it to the host', () => {
  const cookie = createSessionCookie('https://cloud.example.com');
  expect(cookie.set(value)).toBe(
    `__Host-pipecat_session=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure`,
  );
  expect(cookie.read(`pipecat_session=${value}`)).toBeUndefined();
  expect(cookie.read(`a=b; __Host-pipecat_session=${value}`)).toBe(value);
});

test('without TLS it has none, since no browser would take it', () => {
  const cookie = createSessionCookie('http://localhost:7400');
  expect(cookie.set(value)).toBe(`pipecat_session=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200`);
  expect(cookie.clear()).toBe('pipecat_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0');
});

test.each([
  undefined,
  '',
  'pipecat_session',
  'pipecat_session=',
  `pipecat_session=${value}0`,
  `pipecat_session=${value.toUpperCase()}`,
  `xpipecat_session=${value}`,
])('%s carries no session', (header) => {
  expect(createSessionCookie('http://localhost:7400').read(header)).toBeUndefined();
});
