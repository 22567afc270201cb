import type { CommandContext } from './context.js';

/** Says what is so if the command is broken off from now on: a sentence or two. */
export type Leaves = (what: string) => void;

/** Runs a command that takes long; who breaks it off with Ctrl-C is told what goes on without it. */
export async function interruptible<T>(
  { io, note, progress }: CommandContext,
  work: (leaves: Leaves) => Promise<T>,
): Promise<T> {
  let left = 'Nothing was changed.';
  const takeBack = io.onInterrupt(() => {
    progress.stop();
    note(`Interrupted. ${left}`);
  });
  try {
    return await work((what) => {
      left = what;
    });
  } finally {
    takeBack();
  }
}
