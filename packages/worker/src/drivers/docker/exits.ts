import { constants } from 'node:os';
import type { DriverInstance } from '../driver.js';
import type { InspectedContainer } from './engine-types.js';

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/**
 * How a container ended. A shell's code for "ended by a signal" is that signal. `killedByKernel`: an end by SIGKILL without a reason is most
 * likely the kernel's.
 */
export function exitOf(
  { State, HostConfig }: InspectedContainer,
  { killedByKernel }: { killedByKernel: boolean },
): NonNullable<DriverInstance['exit']> {
  const signal = State.ExitCode > 128 ? (signalNames.get(State.ExitCode - 128) ?? null) : null;
  const memory = HostConfig.Memory ?? 0;
  const engineWords = State.Error;
  const mustBeKernel = killedByKernel && signal === 'SIGKILL' && !engineWords;
  const reason = State.OOMKilled ? outOfMemory(memory) : mustBeKernel ? killed(memory) : undefined;
  return {
    code: signal === null ? State.ExitCode : null,
    signal,
    at: new Date(State.FinishedAt).toISOString(),
    ...(reason && { reason }),
    ...(engineWords && { engineWords }),
  };
}

const mebibytes = (bytes: number) => (bytes > 0 ? ` (${Math.round(bytes / 1024 ** 2)} MiB)` : '');

const killed = (memoryBytes: number) =>
  `because it was killed, most likely by the kernel: it needed more memory than its profile gives${mebibytes(memoryBytes)}. Deploy it with a larger profile, or find what it keeps`;

const outOfMemory = (memoryBytes: number) =>
  `because it ran out of memory: it needed more than its profile gives${mebibytes(memoryBytes)}. Deploy it with a larger profile, or find what it keeps`;
