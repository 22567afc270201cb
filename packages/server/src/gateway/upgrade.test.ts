import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemIds } from '../system.js';
import { type Harness, harness } from '../testing/harness.js';

let server: Harness;
let port: number;

beforeAll(async () => {
  server = await harness({ environment: { PIPECAT_CLOUD_TRUSTED_PROXIES: '127.0.0.1' } });
  await server.http.listen({ port: 0, host: '127.0.0.1' });
  port = (server.http.server.address() as AddressInfo).port;
});
afterAll(() => server.end());

const noCredential = (): string | undefined => undefined;
const someWorker = (): string | undefined => `Bearer ${formatToken('worker', systemIds.hex(20))}`;

/** The status that an upgrade from the address is refused with, as the trusted proxy passes it on. */
function refusalOf(path: string, address: string, authorization?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'x-forwarded-for': address,
      ...(authorization ? { authorization } : {}),
    };
    request({ port, host: '127.0.0.1', path, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}

describe('behind a proxy, who guesses is throttled and nobody else', () => {
  test.each([
    ['socket tokens', '198.51.100.1', 403, '/ws/generic/bot.first?token=guess', noCredential],
    ['workers', '198.51.100.2', 401, '/v1/workers/channel', someWorker],
  ] as const)('%s', async (_what, guesser, refused, path, credential) => {
    for (let n = 0; n < 60; n++) expect(await refusalOf(path, guesser, credential())).toBe(refused);
    expect(await refusalOf(path, guesser, credential())).toBe(429);
    expect(await refusalOf(path, '198.51.100.77', credential())).toBe(refused);
  });
});
