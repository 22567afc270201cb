import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { passHandOvers } from './hand-over.mjs';

const testing = fileURLToPath(new URL('../testing', import.meta.url));
const children = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** A child process, with the first thing that it says. */
async function start(file) {
  const child = fork(join(testing, file));
  children.push(child);
  const [said] = await once(child, 'message');
  return { child, said };
}

/** All that is said to one who calls there. */
async function heardAt(port) {
  let heard = '';
  for await (const chunk of connect(port, '127.0.0.1')) heard += chunk;
  return heard;
}

test('a connection that the control plane hands over is the worker’s, whoever that is by then', async () => {
  const { child, said } = await start('accepting-process.mjs');
  let worker;
  passHandOvers(child, () => worker?.child);
  worker = await start('taking-process.mjs');
  expect(await heardAt(said.port)).toBe('taken over: of a test');
  worker.child.kill('SIGKILL');
  await once(worker.child, 'exit');
  worker = await start('taking-process.mjs');
  expect(await heardAt(said.port)).toBe('taken over: of a test');
});

test('one that no worker can take is closed', async () => {
  const { child, said } = await start('accepting-process.mjs');
  let worker;
  passHandOvers(child, () => worker?.child);
  expect(await heardAt(said.port)).toBe('');
  worker = await start('taking-process.mjs');
  worker.child.kill('SIGKILL');
  await once(worker.child, 'exit');
  expect(await heardAt(said.port)).toBe('');
});

test('those that are on their way to a worker that ends are closed', async () => {
  const { child, said } = await start('accepting-process.mjs');
  const worker = await start('taking-process.mjs');
  passHandOvers(child, () => worker.child);
  // It takes none any more, but for what the system takes for it.
  worker.child.kill('SIGSTOP');
  const callers = Array.from({ length: 20 }, () => heardAt(said.port));
  let passed = 0;
  child.on('message', ({ type }) => {
    if (type === 'hand-over') passed++;
  });
  await vi.waitFor(() => expect(passed).toBe(callers.length), { timeout: 60_000 });
  worker.child.kill('SIGKILL');
  expect(new Set(await Promise.all(callers))).toEqual(new Set(['']));
});
