import { readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The steps at which a process can be made to fail: `docs/reliability.md` says where each stands. Most lie between two effects that
 * can't happen together, such as a commit and the message about it: there a crash is told from no crash.
 */
export const failpoints = [
  'claim.taken',
  'claim.committed',
  'activate.ordered',
  'activate.received',
  'activate.noted',
  'activate.sent',
  'activate.held',
  'activate.answered',
  'activate.recorded',
  'end.seen',
  'end.noted',
  'end.reported',
  'end.recorded',
  'end.acknowledged',
  'stop.received',
  'stop.answered',
  'rollout.validating',
  'rollout.claimed',
  'rollout.ordered',
  'rollout.promoting',
  'rollout.promoted',
  'instance.making',
  'instance.made',
  'instance.removing',
  'instance.removed',
  'socket.handing',
  'socket.handed',
] as const;
export type Failpoint = (typeof failpoints)[number];

const folder = process.env.PIPECAT_CLOUD_FAILPOINTS;

/**
 * Does nothing, unless `PIPECAT_CLOUD_FAILPOINTS` names a folder with a file of this name. The file says what happens, once, and is
 * gone before it does: `kill` ends this process as a crash would, `error` throws, `delay 500` waits so many milliseconds.
 */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  return folder === undefined ? undefined : fail(join(folder, name));
}

async function fail(file: string): Promise<void> {
  let order: string;
  try {
    order = readFileSync(file, 'utf8').trim();
    // Whoever removes it is the one that fails: two processes may pass here at once.
    unlinkSync(file);
  } catch {
    return;
  }
  const [action, argument] = order.split(' ');
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action === 'error') throw new Error(`The failpoint ${file} was told to fail`);
  if (action === 'delay') await delay(Number(argument));
}
