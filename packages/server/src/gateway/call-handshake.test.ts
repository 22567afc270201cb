import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { readCallStart } from './call-handshake.js';

const caller = () => new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
/** A text message of less than 126 bytes, with a mask of zeros. */
const frameOf = (text: string) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const something = frameOf('{}');
const customParameters = { _pipecatCloudServiceHost: 'bot.ours' };

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

describe('what came while this process stood still', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  /** Both ends of a connection on which what is written is there at once. */
  async function connected() {
    const directory = await mkdtemp(join(tmpdir(), 'call-'));
    const server = createServer();
    await once(server.listen(join(directory, 'socket')), 'listening');
    const client = connect(join(directory, 'socket'));
    const [accepted] = (await once(server, 'connection')) as [Socket];
    ends.push(() => {
      client.destroy();
      accepted.destroy();
      server.close();
      rmSync(directory, { recursive: true, force: true });
    });
    return { client, accepted };
  }

  /** Nothing else is done in this process for so long. */
  const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  test('is no silence', async () => {
    const { client, accepted } = await connected();
    const start = readCallStart(accepted, Buffer.alloc(0), { silentMs: 10, startMs: 200 });
    client.write(something);
    standStill(50);
    await expect(start).rejects.toMatchObject({ message: 'No start message came within 0.2 s' });
  });

  test('is a start in time', async () => {
    const { client, accepted } = await connected();
    const start = readCallStart(accepted, Buffer.alloc(0), { silentMs: 10, startMs: 10 });
    client.write(frameOf(JSON.stringify({ event: 'start', start: { customParameters } })));
    standStill(50);
    expect(await start).toMatchObject({ service: { agentName: 'bot', organizationName: 'ours' } });
  });
});
