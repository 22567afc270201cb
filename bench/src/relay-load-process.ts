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
  frame: Buffer;
}

const nothing = Buffer.alloc(0);
const lines: Line[] = [];
const sampled = 200_000;
const frameBytes = 4 + payloadBytes;
let result: RelayResult = { delays: [], sent: 0, received: 0 };

/** What all sockets read into: memory of its own for each piece would cost more than all else that is done with it. */
const readInto = Buffer.alloc(64 * 1024);

/** A masked binary frame whose mask is zero, so that its payload stands in it as it is. */
function emptyFrame(): Buffer {
  const frame = Buffer.alloc(8 + payloadBytes);
  frame[0] = 0x82;
  frame[1] = 0x80 | 126;
  frame.writeUInt16BE(payloadBytes, 2);
  return frame;
}

/** The time goes in front of the payload. */
function sendFrame(line: Line, due: number): void {
  // The system has not taken the last one yet.
  if (line.socket.writableLength > 0) line.frame = emptyFrame();
  line.frame.writeDoubleBE(due, 8);
  line.socket.write(line.frame);
}

function takeEchoes(line: Line, chunk: Buffer): void {
  const now = performance.now();
  const data = line.rest.length > 0 ? Buffer.concat([line.rest, chunk]) : chunk;
  let at = 0;
  for (; data.length - at >= frameBytes; at += frameBytes) {
    result.received++;
    if (result.delays.length < sampled) result.delays.push(now - data.readDoubleBE(at + 4));
  }
  line.rest = at < data.length ? Buffer.from(data.subarray(at)) : nothing;
}

function open(port: number, head: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let take = begin;
    const onread = {
      buffer: readInto,
      callback(length: number) {
        take(readInto.subarray(0, length));
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    const line: Line = { socket, rest: nothing, frame: emptyFrame() };
    let answer = '';
    const refused = () => reject(new Error(`a socket was not opened: ${answer.slice(0, 200)}`));
    function begin(chunk: Buffer): void {
      answer += chunk.toString('latin1');
      if (!answer.includes('\r\n\r\n')) return;
      if (!answer.startsWith('HTTP/1.1 101')) {
        refused();
        return;
      }
      socket.off('close', refused);
      take = (data) => takeEchoes(line, data);
      socket.on('close', () => {
        if (lines.includes(line)) result.problem ??= 'a socket was closed';
      });
      lines.push(line);
      resolve();
    }
    socket.on('error', reject);
    socket.on('close', refused);
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
      for (; sent < due; sent++) sendFrame(lines[sent % lines.length] as Line, began + sent / perMs);
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
