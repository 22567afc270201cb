import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from '../../../engine/engine.js';
import { createOutputs } from './outputs.js';

/** A message as the engine keeps it; two may have the same time. */
interface Message {
  nanoseconds: number;
  text: string;
}

const stampOf = (nanoseconds: number) => `2026-01-31T12:00:00.${String(nanoseconds).padStart(9, '0')}Z`;

/** As the engine frames it, with its time. */
function frame({ nanoseconds, text }: Message): Buffer {
  const bytes = Buffer.from(`${stampOf(nanoseconds)} ${text}\n`);
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

describe('output that the engine stops sending', () => {
  const messages: Message[] = [];
  /** Answers of followers: to those that hang nothing is sent any more. */
  const followers: { response: ServerResponse; hangs: boolean }[] = [];
  let folder: string;
  let server: Server;
  let engine: Engine;
  let outputs: ReturnType<typeof createOutputs>;
  const stop = new AbortController();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outputs-'));
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
      if (pathname === '/version')
        return response.end(JSON.stringify({ ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' }));
      if (pathname.endsWith('/json')) return response.end(JSON.stringify({ State: { Running: true } }));
      if (searchParams.has('tail')) return response.end(messages.slice(-1).map(frame)[0]);
      const since = Number(/\.(\d+)$/.exec(searchParams.get('since') ?? '.0')?.[1]);
      response.flushHeaders();
      for (const message of messages) if (message.nanoseconds >= since) response.write(frame(message));
      followers.push({ response, hangs: false });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'engine.sock'), resolve));
    engine = createEngine({ url: `unix://${join(folder, 'engine.sock')}` });
    const log = pino({ level: 'silent' });
    outputs = createOutputs({ engine, folder: join(folder, 'output'), limitBytes: 1_000_000, quietMs: 50, log });
  });
  afterEach(async () => {
    stop.abort();
    await outputs.close();
    await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  function print(nanoseconds: number, text: string): void {
    const message = { nanoseconds, text };
    messages.push(message);
    for (const { response, hangs } of followers) if (!hangs) response.write(frame(message));
  }

  test('is asked for anew, and no line is lost or comes twice', async () => {
    print(1, 'a');
    print(2, 'b');
    print(2, 'c');
    await outputs.begin('i-1', 'container');
    const lines: string[] = [];
    const reading = (async () => {
      for await (const { text } of outputs.read('i-1', 0, stop.signal)) lines.push(text);
    })();
    const seen = (expected: string[]) => vi.waitFor(() => expect(lines).toEqual(expected), { timeout: 60_000 });
    await seen(['a', 'b', 'c']);
    print(3, 'd');
    await seen(['a', 'b', 'c', 'd']);
    for (const follower of followers) follower.hangs = true;
    print(3, 'e');
    print(10, 'f');
    await seen(['a', 'b', 'c', 'd', 'e', 'f']);
    print(11, 'g');
    await seen(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    stop.abort();
    await reading;
  });
});
