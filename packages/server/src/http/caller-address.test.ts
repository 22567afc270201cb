import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createCallerAddress } from './caller-address.js';
import { createHttp } from './server.js';

const proxies = ['10.0.0.0/8', '::1'];

test.each([
  ['no proxy is trusted', [], '10.1.2.3', '198.51.100.9', '10.1.2.3'],
  ['a trusted proxy sent it', proxies, '10.1.2.3', '203.0.113.66, 198.51.100.9', '198.51.100.9'],
  ['through two trusted proxies', proxies, '::1', '203.0.113.66,198.51.100.9 , 10.9.9.9', '198.51.100.9'],
  ['another host pretends to be one', proxies, '192.0.2.4', '198.51.100.9', '192.0.2.4'],
  ['the proxy named nobody', proxies, '10.1.2.3', undefined, '10.1.2.3'],
  ['the proxy itself asks', proxies, '10.1.2.3', '10.9.9.9', '10.9.9.9'],
])('is the same as that of other requests: %s', async (_name, trustedProxies, from, forwarded, wanted) => {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const seen = { headers, socket: { remoteAddress: from } } as unknown as IncomingMessage;
  expect(createCallerAddress(trustedProxies)(seen)).toBe(wanted);
  const app = createHttp(pino({ enabled: false }), { trustedProxies });
  app.get('/address', async (request) => request.ip);
  expect((await app.inject({ url: '/address', remoteAddress: from, headers })).body).toBe(wanted);
  await app.close();
});

test('what is no address ends the way', () => {
  const request = { headers: { 'x-forwarded-for': '198.51.100.9, unknown' }, socket: { remoteAddress: '10.1.2.3' } };
  expect(createCallerAddress(proxies)(request as unknown as IncomingMessage)).toBe('10.1.2.3');
});
