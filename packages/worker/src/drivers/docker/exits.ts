import { constants } from 'node:os';
import type { DriverInstance } from '../driver.js';
import type { InspectedContainer } from './engine-types.js';

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** How a container ended. A shell's code for "ended by a signal" is that signal. */
export function exitOf({ State, HostConfig }: InspectedContainer): NonNullable<DriverInstance['exit']> {
  const signal = State.ExitCode > 128 ? (signalNames.get(State.ExitCode - 128) ?? null) : null;
  const reason = reasonOf(State, HostConfig.Memory ?? 0);
  return {
    code: signal === null ? State.ExitCode : null,
    signal,
    at: new Date(State.FinishedAt).toISOString(),
    ...(reason && { reason }),
  };
}

function reasonOf(state: InspectedContainer['State'], memoryBytes: number): string | undefined {
  if (state.OOMKilled) {
    const limit = memoryBytes > 0 ? ` (${Math.round(memoryBytes / 1024 ** 2)} MiB)` : '';
    return `because it ran out of memory: it needed more than its profile gives${limit}. Deploy it with a larger profile, or find what it keeps`;
  }
  if (state.Error) return `because the engine could not run it: ${state.Error}`;
  return undefined;
}
