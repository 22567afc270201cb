import type { FaultKind } from '../checker/event.js';
import type { PartName } from '../world/processes.js';
import { pause } from '../world/wait.js';
import { kill } from '../world/world.js';
import { during, type Fault, recovered } from './fault.js';

const crash = (name: string, parts: readonly PartName[], weight: number): Fault => ({
  name,
  weight,
  make: (world, random) =>
    during(world, parts, async () => {
      await Promise.all(
        random.shuffled(parts).map(async (part) => {
          await pause(random.between(0, 300));
          await world.parts[part].crash(random.between(50, 3_000));
        }),
      );
      await recovered(world);
    }),
});

/** Stops a process where it stands, as a machine under pressure does, and lets it go on. */
const freeze = (name: string, part: PartName, longestMs: number): Fault => ({
  name,
  weight: 1,
  make: (world, random, signal) =>
    during(world, [part], async () => {
      const pid = world.parts[part].pid();
      if (pid === undefined) return;
      kill(pid, 'SIGSTOP');
      await pause(random.between(200, longestMs), signal);
      kill(pid, 'SIGCONT');
      await recovered(world);
    }),
});

const instanceFault = (name: string, signals: readonly NodeJS.Signals[], weight: number): Fault => ({
  name,
  weight,
  missing: ({ driver }) =>
    driver === 'process' ? undefined : 'its processes have other numbers outside of their container',
  async make(world, random, stop) {
    const living = world.instances.living();
    if (living.length === 0) return;
    const { pid, instance } = random.one(living);
    const kinds: FaultKind[] = ['instance'];
    await during(
      world,
      kinds,
      async () => {
        for (const signal of signals) {
          kill(pid, signal);
          await pause(random.between(500, 4_000), stop);
        }
      },
      { instance },
    );
  },
});

/** Another takes over, and the one that was killed comes back and stands by. */
const leaderKilled: Fault = {
  name: 'control plane that runs the agents killed',
  weight: 4,
  missing: ({ planes }) => (planes.length > 1 ? undefined : 'there is one control plane, which is killed anyway'),
  make: (world, random) =>
    during(world, ['server'], async () => {
      await world.leader().crash(random.between(50, 6_000));
      await recovered(world);
    }),
};

export const processFaults: readonly Fault[] = [
  leaderKilled,
  crash('control plane killed', ['server'], 4),
  crash('worker killed', ['worker'], 4),
  crash('both killed', ['server', 'worker'], 2),
  freeze('control plane frozen', 'server', 14_000),
  freeze('worker frozen', 'worker', 14_000),
  instanceFault('instance killed', ['SIGKILL'], 1),
  instanceFault('instance frozen', ['SIGSTOP', 'SIGCONT'], 1),
];
