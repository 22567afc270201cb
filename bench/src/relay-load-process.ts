import { connect, type Socket } from 'node:net';

/** 20 ms of speech at 16 kHz. */
export const payloadBytes = 640;

export interface RelayOrder {
  /** Opens so many sockets more, to this port, with this head of an upgrade. */
  open?: { port: number; head: string; count: number };
  /** Sends on all of them. */
  send?: { perSecond: number; seconds: number };
  /** Closes them all. */
  close?: true;
}

export interface RelayResult {
  /** Milliseconds from when a frame was due until its echo was here, in a sample of at most so many, and of all that were sent. */
  delays: number[];
  sent: number;
  received: number;
  problem?: string;
}

interface Line {
  socket: Socket;
  rest: Buffer;
}

const lines: Line[] = [];
const sampled = 200_000;
const frameBytes = 4 + payloadBytes;
let result: RelayResult = { delays: [], sent: 0, received: 0 };

/** A masked binary frame whose mask is zero, so that its payload stands in it as it is; the time goes in front. */
function frameOf(due: number): Buffer {
  const frame = Buffer.alloc(8 + payloadBytes);
  frame[0] = 0x82;
  frame[1] = 0x80 | 126;
  frame.writeUInt16BE(payloadBytes, 2);
  frame.writeDoubleBE(due, 8);
  return frame;
}

function take(line: Line, chunk: Buffer): void {
  const now = performance.now();
  const data = line.rest.length > 0 ? Buffer.concat([line.rest, chunk]) : chunk;
  let at = 0;
  for (; data.length - at >= frameBytes; at += frameBytes) {
    result.received++;
    if (result.delays.length < sampled) result.delays.push(now - data.readDoubleBE(at + 4));
  }
  line.rest = data.subarray(at);
}

function open(port: number, head: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const line: Line = { socket, rest: Buffer.alloc(0) };
    let answer = '';
    const refused = () => reject(new Error(`a socket was not opened: ${answer.slice(0, 200)}`));
    const begin = (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (!answer.includes('\r\n\r\n')) return;
      if (!answer.startsWith('HTTP/1.1 101')) return refused();
      socket.off('data', begin).off('close', refused);
      socket.on('data', (data) => take(line, data));
      socket.on('close', () => {
        if (lines.includes(line)) result.problem ??= 'a socket was closed';
      });
      lines.push(line);
      resolve();
    };
    socket.on('error', reject);
    socket.on('close', refused);
    socket.on('data', begin);
    socket.write(head);
  });
}

/** At a steady pace, spread over the sockets, whether or not earlier frames have come back. */
function send(perSecond: number, seconds: number): Promise<void> {
  const began = performance.now();
  const total = lines.length * perSecond * seconds;
  const perMs = (lines.length * perSecond) / 1000;
  let sent = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor((performance.now() - began) * perMs) + 1);
      for (; sent < due; sent++) lines[sent % lines.length]?.socket.write(frameOf(began + sent / perMs));
      result.sent = sent;
      if (sent < total) return;
      clearInterval(timer);
      // What is on its way comes, or is missing.
      const deadline = performance.now() + 5000;
      const rest = setInterval(() => {
        if (result.received < sent && performance.now() < deadline) return;
        clearInterval(rest);
        resolve();
      }, 20);
    }, 1);
  });
}

async function carryOut(order: RelayOrder): Promise<RelayResult> {
  result = { delays: [], sent: 0, received: 0 };
  if (order.open) {
    const { port, head, count } = order.open;
    // As many at a time as a server's queue of connections takes.
    for (let at = 0; at < count; at += 50)
      await Promise.all(Array.from({ length: Math.min(50, count - at) }, () => open(port, head)));
  }
  if (order.send) await send(order.send.perSecond, order.send.seconds);
  if (order.close) for (const { socket } of lines.splice(0)) socket.destroy();
  return result;
}

process.on('message', (order: RelayOrder) => {
  carryOut(order).then(
    (done) => process.send?.(done),
    (error: Error) => process.send?.({ ...result, problem: error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
