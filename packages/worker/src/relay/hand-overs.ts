import { type ConnectionHandle, isHandOver } from '@pipecat-cloud/contract/hand-over';

/** Then whoever wanted to hand it over is gone. */
const waitMs = 5000;

/** Takes over callers' connections from the control plane that `supervisor` has started beside this worker. */
export function createHandOvers(supervisor: string | undefined) {
  const expected = new Map<string, (handle: ConnectionHandle | undefined) => void>();

  return {
    /**
     * Undefined where an upgrade's offer can't be taken: then its connection is the caller's. Resolves to undefined where the caller has
     * left, or nothing comes.
     */
    expect(offer: string | undefined): Promise<ConnectionHandle | undefined> | undefined {
      if (!supervisor || !offer?.startsWith(`${supervisor}/`) || expected.has(offer)) return undefined;
      const { promise, resolve } = Promise.withResolvers<ConnectionHandle | undefined>();
      const take = (handle: ConnectionHandle | undefined) => {
        clearTimeout(timer);
        expected.delete(offer);
        resolve(handle);
      };
      const timer = setTimeout(() => take(undefined), waitMs).unref();
      expected.set(offer, take);
      return promise;
    },

    /** A message of the supervisor, with what came beside it. Of other messages nothing is taken. */
    receive(message: unknown, handle: unknown): void {
      if (!isHandOver(message)) return;
      const connection = handle as ConnectionHandle | undefined;
      const take = expected.get(message.offer);
      if (take) take(connection);
      else connection?.close();
    },
  };
}
export type HandOvers = ReturnType<typeof createHandOvers>;
