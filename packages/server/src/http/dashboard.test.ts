import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dashboard } from './dashboard.js';
import { notFoundHandler } from './error-handler.js';

let folder: string;
let app: FastifyInstance;
const html = { accept: 'text/html,application/xhtml+xml' };
const get = (url: string, headers: Record<string, string> = html) => app.inject({ url, headers });

async function serve(directory: string): Promise<void> {
  app = Fastify();
  app.setNotFoundHandler(notFoundHandler);
  await app.register(dashboard, { directory });
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  await mkdir(join(folder, 'dist/assets'), { recursive: true });
  await writeFile(join(folder, 'dist/index.html'), '<title>page</title>');
  await writeFile(join(folder, 'dist/favicon.svg'), '<svg/>');
  await writeFile(join(folder, 'dist/assets/index-a1b2.js'), 'let a');
  await writeFile(join(folder, 'secret.txt'), 'outside');
  await symlink(join(folder, 'secret.txt'), join(folder, 'dist/assets/link.txt'));
  await serve(join(folder, 'dist'));
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

test.each(['/', '/setup', '/account/tokens', '/agents/v1/x', '/oauth/consent', '/device', '/index.html'])(
  '%s is the page, under strict headers',
  async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.body]).toEqual([200, '<title>page</title>']);
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  },
);

test('the page on which one talks to an agent may ask for the microphone, and no other page may', async () => {
  const talking = (await get('/orgs/acme/agents/echo/try')).headers;
  expect(talking['permissions-policy']).toContain('microphone=(self)');
  expect(talking['content-security-policy']).toMatch(/^default-src 'self'; .*; connect-src 'self' wss:$/);
  for (const path of ['/orgs/acme/agents/echo', '/orgs/acme/agents/echo/try/x', '/x/orgs/acme/agents/echo/try']) {
    expect((await get(path)).headers['permissions-policy']).toContain('microphone=()');
  }
});

test('files with a hash in their name are kept for good, others are asked for again', async () => {
  const asset = await get('/assets/index-a1b2.js', { accept: '*/*' });
  expect([asset.body, asset.headers['cache-control']]).toEqual(['let a', 'public, max-age=31536000, immutable']);
  expect((await get('/favicon.svg')).headers['cache-control']).toBe('no-cache');
});

test('a compressed twin is sent to whoever takes it, under the name of the file', async () => {
  await writeFile(join(folder, 'dist/assets/index-a1b2.js.br'), 'brotli');
  await writeFile(join(folder, 'dist/assets/index-a1b2.js.gz'), 'gzip');
  await app.close();
  await serve(join(folder, 'dist'));
  const asking = (encoding: string) => get('/assets/index-a1b2.js', { accept: '*/*', 'accept-encoding': encoding });
  const answer = await asking('gzip, deflate, br');
  expect([answer.body, answer.headers['content-encoding']]).toEqual(['brotli', 'br']);
  expect(answer.headers['content-type']).toMatch(/javascript/);
  expect(answer.headers.vary).toMatch(/accept-encoding/i);
  expect((await asking('gzip')).body).toBe('gzip');
  expect((await asking('identity')).body).toBe('let a');
  expect((await get('/assets/index-a1b2.js.br', { accept: '*/*' })).statusCode).toBe(404);
});

test.each(['/v1', '/v1/nothing', '/auth/nothing', '/oauth/nothing', '/oauth/consent/x', '/ws/nothing'])(
  '%s stays the API’s 404, also for a browser',
  async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.json().code]).toEqual([404, '404']);
  },
);

test('what asks for no page gets none', async () => {
  expect((await get('/account/tokens', { accept: 'application/json' })).statusCode).toBe(404);
  const missing = await get('/assets/gone.js', { accept: '*/*' });
  expect([missing.statusCode, missing.headers['cache-control']]).toEqual([404, undefined]);
});

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/link.txt',
  '/%00',
])('nothing outside is served: %s', async (url) => {
  for (const accept of ['*/*', 'text/html']) expect((await get(url, { accept })).body).not.toContain('outside');
});

test('without a build it says what to do', async () => {
  await app.close();
  await serve(join(folder, 'nothing'));
  const answer = await get('/');
  expect([answer.statusCode, answer.body]).toEqual([503, 'The dashboard is not built. Run: npm run build\n']);
});
