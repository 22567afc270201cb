import type { Command, ControlMessage, WorkerMessage } from '@pipecat-cloud/contract/worker';
import type { Ids } from '../system.js';
import { CommandRefused, WorkerUnreachable } from './command-errors.js';

interface CommandDeps {
  ids: Ids;
  send: (message: ControlMessage) => void;
}

const timeoutMs = 30_000;

/** The commands on one link, each with the answer that belongs to it. */
export function createWorkerCommands({ ids, send }: CommandDeps) {
  const pending = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();

  return {
    /** Resolves with the worker's yes; throws `CommandRefused` or `WorkerUnreachable`. */
    async order(command: Command): Promise<void> {
      const id = ids.id();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const late = setTimeout(
        () => reject(new WorkerUnreachable(`The worker did not answer '${command.do}' in time`)),
        timeoutMs,
      );
      pending.set(id, { resolve, reject });
      send({ type: 'command', id, command });
      try {
        await promise;
      } finally {
        clearTimeout(late);
        pending.delete(id);
      }
    },

    answered(answer: Extract<WorkerMessage, { type: 'answer' }>): void {
      const waiting = pending.get(answer.id);
      if (answer.ok) waiting?.resolve();
      else waiting?.reject(new CommandRefused(answer.refusal, answer.message));
    },

    /** The link is gone: whoever waits does not know whether its command was carried out. */
    linkBroke(): void {
      for (const { reject } of pending.values()) reject(new WorkerUnreachable('The link to the worker broke'));
    },
  };
}
