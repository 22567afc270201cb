/** Calls `tell` once for all changes of the same tick, and every `observeMs` besides. */
export function createTeller({ observeMs, tell }: { observeMs: number; tell: () => void }) {
  let due: NodeJS.Immediate | undefined;
  const telling = setInterval(tell, observeMs).unref();

  return {
    changed(): void {
      due ??= setImmediate(() => {
        due = undefined;
        tell();
      });
    },
    close(): void {
      clearInterval(telling);
      clearImmediate(due);
    },
  };
}
