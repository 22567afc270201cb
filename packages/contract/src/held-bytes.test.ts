import { Duplex } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { hold } from './relay-upgrade.js';

const megabyte = 1024 * 1024;
const nothing = Buffer.alloc(0);
const callers: Duplex[] = [];
afterEach(async () => {
  for (const caller of callers.splice(0)) await leave(caller);
});

/** A caller that waits, having said this. */
function waits(head: Buffer = nothing) {
  const caller = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  callers.push(caller);
  const tooMuch = vi.fn();
  const held = hold(caller, head, tooMuch);
  return { caller, tooMuch, held, says: (bytes: Buffer) => void caller.emit('data', bytes) };
}

async function leave(caller: Duplex): Promise<void> {
  if (caller.destroyed) return;
  const closed = new Promise((resolve) => caller.once('close', resolve));
  caller.destroy();
  await closed;
}

test('what a caller says is given back in order, however it was cut', () => {
  const { held, says, tooMuch } = waits(Buffer.from('a'));
  const words = Array.from({ length: 3000 }, (_, at) => Buffer.from(`${at},`));
  for (const word of words) says(word);
  expect(held.release().toString()).toBe(`a${words.join('')}`);
  expect(tooMuch).not.toHaveBeenCalled();
});

test('one caller may say what a call says while its agent is started, and no more than 4 MB', () => {
  const { says, tooMuch, held } = waits();
  for (let n = 0; n < 4; n++) says(Buffer.alloc(megabyte));
  expect(tooMuch).not.toHaveBeenCalled();
  says(Buffer.alloc(1));
  says(Buffer.alloc(1));
  expect(tooMuch).toHaveBeenCalledTimes(1);
  expect(held.release()).toHaveLength(0);
});

test('all callers together may say 64 MB: who asks for more is refused until others have been heard, or leave', async () => {
  const full = Array.from({ length: 16 }, () => waits(Buffer.alloc(4 * megabyte)));
  const refused = async () => {
    const { tooMuch, caller } = waits(Buffer.from('x'));
    await leave(caller);
    return tooMuch.mock.calls.length > 0;
  };
  expect(full.map(({ tooMuch }) => tooMuch.mock.calls.length)).not.toContain(1);
  expect(await refused()).toBe(true);
  expect(full[0]?.held.release()).toHaveLength(4 * megabyte);
  expect(await refused()).toBe(false);
  full.push(waits(Buffer.alloc(4 * megabyte)));
  expect(await refused()).toBe(true);
  await leave(full[1]?.caller as Duplex);
  expect(await refused()).toBe(false);
  full[2]?.says(Buffer.alloc(1));
  expect(full[2]?.tooMuch).toHaveBeenCalledTimes(1);
  full.push(waits(Buffer.alloc(4 * megabyte)), waits(Buffer.alloc(4 * megabyte)));
  expect(full.slice(-2).map(({ tooMuch }) => tooMuch.mock.calls.length)).toEqual([0, 0]);
  expect(await refused()).toBe(true);
});

test('a piece is not kept itself: small ones take more memory than they hold', () => {
  const { says, held } = waits();
  const piece = Buffer.alloc(1);
  for (const each of 'abc') {
    piece.write(each);
    says(piece);
  }
  expect(held.release().toString()).toBe('abc');
});
