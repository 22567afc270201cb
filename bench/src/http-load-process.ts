import { connect, type Socket } from 'node:net';
import { createResponseReader } from './http-responses.js';

/** Closed loop: each connection has one request under way at a time. */
export interface LoadOrder {
  port: number;
  path: string;
  headers: Record<string, string>;
  /** Sent by POST, as a form; without it, the request is a GET. */
  form?: string;
  connections: number;
  seconds: number;
}

export interface LoadResult {
  /** Answered within the time. */
  requests: number;
  seconds: number;
  problem?: string;
}

async function load({ port, path, headers, form, connections, seconds }: LoadOrder): Promise<LoadResult> {
  const method = form === undefined ? 'GET' : 'POST';
  const all = { host: `127.0.0.1:${port}`, ...headers, ...(form === undefined ? {} : formHeaders(form)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${form ?? ''}`);
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const result: LoadResult = { requests: 0, seconds: 0 };
  const began = performance.now();
  let over = false;

  function run(socket: Socket): Promise<void> {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const fail = (problem: string) => {
      result.problem ??= problem;
      socket.destroy();
    };
    const read = createResponseReader((status) => {
      if (status !== 200) return fail(`answered ${status}`);
      if (over) return void socket.end();
      result.requests++;
      socket.write(request);
    });
    socket.on('data', (chunk) => {
      try {
        read(chunk);
      } catch (error) {
        fail((error as Error).message);
      }
    });
    socket.on('error', (error) => fail(error.message));
    socket.on('end', () => over || fail('the server closed a connection'));
    socket.write(request);
    return closed;
  }

  const running = sockets.map(run);
  setTimeout(() => {
    over = true;
    result.seconds = (performance.now() - began) / 1000;
  }, seconds * 1000);
  await Promise.all(running);
  return result;
}

const formHeaders = (form: string) => ({
  'content-type': 'application/x-www-form-urlencoded',
  'content-length': String(Buffer.byteLength(form)),
});

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

process.on('message', (order: LoadOrder) => {
  load(order).then(
    (result) => process.send?.(result),
    (error: Error) => process.send?.({ requests: 0, seconds: 0, problem: error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
