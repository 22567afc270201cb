import { type Failpoint, failpoints } from '@pipecat-cloud/contract/failpoint';
import type { Random } from '../random.js';
import type { PartName } from '../world/processes.js';
import { now, pause, until } from '../world/wait.js';
import type { World } from '../world/world.js';
import { during, type Fault, recovered } from './fault.js';

const ofTheWorker =
  /^(activate\.(received|noted|sent|held)|end\.(seen|noted|acknowledged)|stop\.received|instance\.|socket\.handed)/;
/** Behind these nothing of the product can fail but the process as a whole. */
const cannotFail: readonly Failpoint[] = ['activate.sent', 'activate.held', 'end.seen', 'end.noted'];

export const partOf = (name: Failpoint): PartName => (ofTheWorker.test(name) ? 'worker' : 'server');

/**
 * Has the next process that passes a failpoint do so. Resolves to false when none came by in time, or before the signal aborted; nothing is
 * armed then.
 */
export async function meet(
  world: World,
  name: Failpoint,
  action: string,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<boolean> {
  const part = partOf(name);
  // As they were when it was last seen that nobody had come by: another fault may start the process again meanwhile.
  let before = world.starts(part);
  let from = now();
  const passed = () => {
    const looked = { at: now(), starts: world.starts(part) };
    if (!world.armed(name)) return true;
    from = looked.at;
    before = looked.starts;
    return false;
  };
  world.arm(name, action);
  await until(`a process passes ${name}`, passed, deadlineMs, signal).catch(() => undefined);
  if (world.disarm(name)) return false;
  // Nothing was wrong before: what else happens while a process is waited for has no excuse.
  const work = async () => {
    if (action === 'kill') await until('it is started again', () => world.starts(part) > before, 30_000);
    else await pause(Number(action.split(' ')[1] ?? 0));
    await recovered(world);
  };
  await during(world, [part], work, { from });
  return true;
}

const failpointFault = (name: Failpoint, weight: number, what: string, deadlineMs: number, action: Action): Fault => ({
  name: `${what} at ${name}`,
  weight,
  place: `failpoint ${name}`,
  make: async (world, random, signal) => void (await meet(world, name, action(random), { deadlineMs, signal })),
});
type Action = (random: Random) => string;

export const failpointFaults: readonly Fault[] = failpoints.flatMap((name) => [
  failpointFault(name, 0.4, 'killed', 15_000, () => 'kill'),
  failpointFault(name, 0.1, 'late', 10_000, (random) => `delay ${random.whole(100, 4_000)}`),
  ...(cannotFail.includes(name) ? [] : [failpointFault(name, 0.15, 'error', 10_000, () => 'error')]),
]);
