import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { readCallStart } from './call-handshake.js';

const caller = () => new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
/** A text message of two bytes, with a mask of zeros. */
const something = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]);

test('a call that says nothing is given up sooner than one that says something', async () => {
  const soon = { silentMs: 10, startMs: 600_000 };
  await expect(readCallStart(caller(), Buffer.alloc(0), soon)).rejects.toMatchObject({
    code: 4408,
    message: 'Nothing came within 0.01 s',
  });
  const silenceCounts = { silentMs: 10, startMs: 30 };
  for (const when of ['with the upgrade', 'later']) {
    const socket = caller();
    const start = readCallStart(socket, when === 'later' ? Buffer.alloc(0) : something, silenceCounts);
    if (when === 'later') socket.push(something);
    await expect(start).rejects.toMatchObject({ code: 4408, message: 'No start message came within 0.03 s' });
  }
});
