import type { WorkerLogLine } from '@pipecat-cloud/contract/worker';
import { workerFrameLimit } from '@pipecat-cloud/contract/worker-protocol';
import { expect, test } from 'vitest';
import { createLineSender } from './line-sender.js';

/** A sender whose lines nobody acknowledges, and what it sent. */
function createWorld() {
  const batches: WorkerLogLine[][] = [];
  const sender = createLineSender({
    attempt: 1,
    batchMs: 3_600_000,
    send: async (lines) => void batches.push(lines),
    clean: (text) => text,
    spot: () => undefined,
  });
  return { sender, batches };
}

test.each(['\u0000', '\ud83d', '🙂', 'x'])('long lines of %j fit into frames, and all of them come', (character) => {
  const { sender, batches } = createWorld();
  const long = character.repeat(20_000);
  for (let line = 0; line < 500; line++) sender.add(long);
  sender.flush();
  expect(batches.flat()).toHaveLength(500);
  for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(workerFrameLimit / 2);
});

test('short lines go together, also after long ones', () => {
  const { sender, batches } = createWorld();
  for (let line = 0; line < 16; line++) sender.add('x'.repeat(16 * 1024));
  for (let line = 0; line < 500; line++) sender.add('short');
  sender.flush();
  expect(batches.map(({ length }) => length)).toEqual([16, 200, 200, 100]);
});
