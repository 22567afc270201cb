// An agent that costs as little as one can: it answers a request, and sends each WebSocket frame back as it was, without its mask.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  // Held for as long as the session lasts.
  if (request.url === '/bot') return request.resume();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ port: Number(process.env.PORT) }));
});
server.requestTimeout = 0;
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    // All frames have two bytes of length and a mask: 8 bytes before their payload.
    while (data.length - at >= 8) {
      const length = data.readUInt16BE(at + 2);
      if (data.length - at < 8 + length) break;
      socket.write(withoutMask(data.subarray(at, at + 8 + length)));
      at += 8 + length;
    }
    rest = data.subarray(at);
  });
});

/** In place: the head of a frame without a mask is as long as a mask is. */
function withoutMask(frame) {
  const mask = frame.subarray(4, 8);
  if (mask.readUInt32BE() !== 0) for (let at = 8; at < frame.length; at++) frame[at] ^= mask[at & 3];
  frame.copy(frame, 4, 0, 4);
  frame[5] = 126;
  return frame.subarray(4);
}

server.listen(Number(process.env.PORT), process.env.HOST);
process.once('SIGTERM', () => process.exit());
