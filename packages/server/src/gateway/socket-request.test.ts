import { expect, test } from 'vitest';
import { readSocketRequest } from './socket-request.js';

const read = (url: string, authorization?: string) => readSocketRequest({ url, headers: { authorization } });

test('the agent comes from the path or the query, split at the first dot', () => {
  const service = { agentName: 'bot', organizationName: 'acme.eu' };
  expect(read('/ws/generic/bot.acme.eu')).toMatchObject({ kind: 'generic', service });
  expect(read('/ws/generic?serviceHost=bot.acme.eu')).toMatchObject({ kind: 'generic', service });
});

test.each(['telnyx', 'plivo', 'exotel', 'twilio'])('%s names its agent in the query', (kind) => {
  const service = { agentName: 'bot', organizationName: 'acme' };
  expect(read(`/ws/${kind}?serviceHost=bot.acme`)).toMatchObject({ kind, service, token: undefined, query: '' });
  expect(read(`/ws/${kind}/path?serviceHost=bot.acme&body=e30=`)).toMatchObject({
    token: 'path',
    query: '?body=e30%3D',
  });
});

test('Twilio may name it later, the others not', () => {
  expect(read('/ws/twilio')).toEqual({ kind: 'twilio', service: undefined, token: undefined, query: '' });
  for (const kind of ['telnyx', 'plivo', 'exotel'])
    expect(() => read(`/ws/${kind}`)).toThrow(`/ws/${kind}?serviceHost={agent}.{organization}`);
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

test.each([
  '/',
  '/ws',
  '/ws/vonage',
  '/ws/generic/bot.acme/token/more',
  '/ws/twilio/token/more',
  '/v1/workers/channel',
])('%s is not for it', (url) => {
  expect(read(url)).toBeUndefined();
});

test.each(['/ws/generic', '/ws/generic/bot', '/ws/generic/.acme', '/ws/generic/bot.'])(
  '%s names no agent of an organization',
  (url) => {
    expect(() => read(url)).toThrow('{agent}.{organization}');
  },
);
