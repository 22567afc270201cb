import { fork } from 'node:child_process';
import { inRoot } from './paths.js';

/** Of the `of` ms before `at`, for how long work that keeps a processor busy was kept waiting. */
export interface Starved {
  at: number;
  ms: number;
  of: number;
}

/** Measures about every second how much of a processor whoever needs one is given. Until what is returned is called. */
export function watchStarvation(report: (starved: Starved) => void): () => void {
  // In a session of its own, as the product's processes: a machine may share its processors out among these.
  const probe = fork(inRoot('prove/dist/world/starvation-probe.js'), { detached: true, stdio: 'ignore', execArgv: [] });
  probe.on('message', (message) => report(message as Starved));
  probe.unref();
  probe.channel?.unref();
  return () => {
    probe.removeAllListeners('message');
    probe.kill('SIGKILL');
  };
}
