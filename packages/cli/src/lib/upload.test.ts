import { once } from 'node:events';
import { type FileHandle, mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { upload } from './upload.js';

const sizeBytes = 64 * 1024 * 1024;

let folder: string;
let file: FileHandle;
let server: Server;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipecat-upload-'));
  file = await open(join(folder, 'file'), 'wx+');
  // Zeros that take no room.
  await truncate(join(folder, 'file'), sizeBytes);
});
afterEach(async () => {
  await file.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function listen(answer: RequestListener): Promise<{ uploadUrl: string; uploadFields: Record<string, string> }> {
  server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { uploadUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, uploadFields: { key: 'x' } };
}

test('reads no further ahead than the connection takes, and tells how far it is', async () => {
  let done = 0;
  let furthestAhead = 0;
  const target = await listen((request, response) => {
    let received = 0;
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      furthestAhead = Math.max(furthestAhead, done - received);
    });
    request.on('end', () => response.writeHead(204).end());
  });
  const told: number[] = [];
  await upload(target, file, sizeBytes, {
    userAgent: 'test',
    onBytes: (bytes) => {
      done = bytes;
      told.push(bytes);
    },
  });
  expect(told.length).toBeGreaterThan(100);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told.at(-1)).toBe(sizeBytes);
  // What the system buffers for a connection on one machine, and no more.
  expect(furthestAhead).toBeLessThan(sizeBytes / 4);
});

test('a refusal in the middle is read, though not everything was sent', async () => {
  const target = await listen((request, response) => {
    request.once('data', () => {
      response
        .writeHead(400, { 'content-type': 'application/xml' })
        .end(
          '<Error><Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum allowed size</Message></Error>',
        );
      request.resume();
    });
  });
  await expect(upload(target, file, sizeBytes, { userAgent: 'test' })).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('Your proposed upload exceeds the maximum allowed size'),
  });
});

test('a connection that is cut is told as such', async () => {
  const target = await listen((request) => {
    request.once('data', () => request.destroy());
  });
  await expect(upload(target, file, sizeBytes, { userAgent: 'test' })).rejects.toMatchObject({ name: 'NetworkError' });
});
