import { vi } from 'vitest';

/** Of `vi.waitFor` and `vi.waitUntil`: their second is soon over on a busy machine, and Vitest has no setting for it. */
const timeout = 60_000;
const patient = Symbol.for('pipecat-cloud.patient');

// Files that share a worker share `vi`.
if (!vi[patient]) {
  for (const name of ['waitFor', 'waitUntil']) {
    const wait = vi[name];
    vi[name] = (look, options) => wait(look, typeof options === 'number' ? options : { timeout, ...options });
  }
  Object.defineProperty(vi, patient, { value: true });
}
