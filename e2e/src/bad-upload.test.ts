import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Client } from '@pipecat-cloud/contract/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call } from './support/api.js';
import { archive, bomb, harmless } from './support/archives.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { cleanUp } from './support/paths.js';
import { filesBelow } from './support/search.js';
import { until } from './support/wait.js';

const org = '/v1/organizations/my-team';

let cloud: Cloud;
let client: Client;
let token: string;

beforeAll(async () => {
  cloud = await startCloud();
  token = cloud.token();
  client = cloud.client(token);
});

afterAll(async () => {
  await cleanUp();
});

describe('an upload', () => {
  async function form(content: Buffer): Promise<{ url: string; type: string; body: Buffer; uploadId: string }> {
    const { uploadId, uploadUrl, uploadFields } = await client.createUpload('my-team', {});
    const data = new FormData();
    for (const [name, value] of Object.entries(uploadFields)) data.append(name, value);
    data.append('file', new Blob([new Uint8Array(content)]), 'context.tar.gz');
    const encoded = new Response(data);
    const type = encoded.headers.get('content-type') ?? '';
    return { url: uploadUrl, type, body: Buffer.from(await encoded.arrayBuffer()), uploadId };
  }

  /** Uploads and asks for a build; the first of the two that refuses counts. */
  async function buildFrom(content: Buffer): Promise<Answer> {
    const { url, type, body, uploadId } = await form(content);
    const uploaded = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(body),
    });
    const text = await uploaded.text();
    if (!uploaded.ok) return { status: uploaded.status, text, body: JSON.parse(text) };
    return await call(cloud.url, 'POST', `${org}/builds`, { token, body: { uploadId } });
  }

  test('is refused when it breaks off, and can be sent again', async () => {
    const { url, type, body, uploadId } = await form(archive(...harmless));
    await new Promise<void>((resolve) => {
      const half = request(url, { method: 'POST', headers: { 'content-type': type, 'content-length': body.length } });
      half.on('error', () => resolve());
      half.on('close', () => resolve());
      half.write(body.subarray(0, body.length / 2), () => half.destroy());
    });
    const early = await call(cloud.url, 'POST', `${org}/builds`, { token, body: { uploadId } });
    expect(early.status).toBeGreaterThanOrEqual(400);
    expect(early.status).toBeLessThan(500);
    await until('it is taken the second time', async () => {
      const again = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) });
      return again.ok;
    });
    expect((await call(cloud.url, 'POST', `${org}/builds`, { token, body: { uploadId } })).status).toBeLessThan(300);
  });

  test.each([
    ['../ in a path', archive(...harmless, { path: '../escaped', content: 'x' }), /\.\.\/escaped/],
    ['../ inside a path', archive(...harmless, { path: 'a/../../escaped', content: 'x' }), /escaped/],
    ['an absolute path', archive(...harmless, { path: '/tmp/pipecat-cloud-escaped', content: 'x' }), /escaped/],
    ['a symbolic link', archive(...harmless, { path: 'link', type: '2', link: '/etc/passwd' }), /link/],
    ['a hard link', archive(...harmless, { path: 'link', type: '1', link: 'bot.ts' }), /link/],
    ['a device', archive(...harmless, { path: 'device', type: '3' }), /device/],
    ['a pipe', archive(...harmless, { path: 'pipe', type: '6' }), /pipe/],
    ['no archive', Buffer.from('hello'), /gzip/],
    ['half an archive', archive(...harmless).subarray(0, 60), /breaks off|damaged/],
  ])('with %s is refused', async (_name, content, message) => {
    const builds = (await client.listBuilds('my-team')).total;
    const { status, body } = await buildFrom(content);
    expect({ status, body }).toMatchObject({ status: 400, body: { error: expect.stringMatching(message) } });
    expect((await client.listBuilds('my-team')).total).toBe(builds);
  });

  test('that unpacks to more than a context may have is refused without filling the disk', async () => {
    const content = bomb(1024 * 1024 * 1024);
    expect(content.length).toBeLessThan(5 * 1024 * 1024);
    const { status, body } = await buildFrom(content);
    expect({ status, body }).toMatchObject({ status: 400, body: { error: expect.stringMatching(/limit|more than/) } });
  });
});

test('nothing of all that was written outside its place', () => {
  expect(existsSync('/tmp/pipecat-cloud-escaped')).toBe(false);
  const below = filesBelow(join(cloud.dataDir, '..'));
  expect(below.filter((path) => /escaped|zeros|passwd/.test(path))).toEqual([]);
});
