import { expect, test } from 'vitest';
import { readSocketRequest } from './socket-request.js';

const read = (url: string, authorization?: string) => readSocketRequest({ url, headers: { authorization } });

test('the agent comes from the path or the query, split at the first dot', () => {
  expect(read('/ws/generic/bot.acme.eu')).toMatchObject({ agentName: 'bot', organizationName: 'acme.eu' });
  expect(read('/ws/generic?serviceHost=bot.acme')).toMatchObject({ agentName: 'bot', organizationName: 'acme' });
});

test('the token is taken from the header before the query before the path', () => {
  expect(read('/ws/generic/bot.acme/path?token=query', 'Bearer header')?.token).toBe('header');
  expect(read('/ws/generic/bot.acme/path?token=query')?.token).toBe('query');
  expect(read('/ws/generic/bot.acme/path')?.token).toBe('path');
  expect(read('/ws/generic/bot.acme')?.token).toBeUndefined();
});

test('a plus that became a space on its way is a plus again', () => {
  expect(read('/ws/generic/bot.acme?body=a+b/c==')?.query).toBe('?body=a%2Bb%2Fc%3D%3D');
});

test('the container gets what the caller sent, but for what selects and opens the session', () => {
  const url = '/ws/generic?serviceHost=bot.acme&token=secret&caller=%2B49&body=e30=&caller=b%26c';
  expect(read(url)?.query).toBe('?body=e30%3D&caller=%2B49&caller=b%26c');
  expect(read('/ws/generic/bot.acme?token=secret')?.query).toBe('');
});

test('a target that is no path is refused as such', () => {
  expect(() => read('//')).toThrow('not valid');
});

test('a body above 4 KB is refused', () => {
  const body = (bytes: number) =>
    `/ws/generic/bot.acme?body=${encodeURIComponent(Buffer.alloc(bytes).toString('base64'))}`;
  expect(read(body(4096))?.query).toBeTruthy();
  expect(() => read(body(4097))).toThrow('4096');
});

test.each(['/', '/ws', '/ws/twilio', '/ws/generic/bot.acme/token/more', '/v1/workers/channel'])(
  '%s is not for it',
  (url) => {
    expect(read(url)).toBeUndefined();
  },
);

test.each(['/ws/generic', '/ws/generic/bot', '/ws/generic/.acme'])('%s names no agent of an organization', (url) => {
  expect(() => read(url)).toThrow('{agent}.{organization}');
});
