import type { DriverLogLine } from '../drivers/driver.js';
import type { Redactor } from './redactor.js';

/** A line, or a piece of an overlong one. */
export interface Piece {
  /** Offset of its end in the output. */
  position: number;
  text: string;
  goesOn?: true;
}

/** A line, or a piece of one, of whose text no secret lies across the end. */
export type Whole<P extends Piece> = P & {
  /** Where it begins in the output. A piece may end with text of the one after it. */
  start: number;
  /** Up to where the output was read for it: each secret that begins in it is over by then. */
  readTo: number;
};
export type WholeLine = Whole<DriverLogLine>;

type Known = Pick<Redactor, 'endOf' | 'reach'>;

interface Source {
  lines: AsyncIterable<DriverLogLine>;
  /** Where the first of them begins. */
  from: number;
  redactor: Known;
  signal: AbortSignal;
}

/** The same lines, as `createSecretKeeper` gives them. What is held as they end is given then, unless the signal has aborted. */
export async function* keepSecretsWhole({ lines, from, redactor, signal }: Source): AsyncGenerator<WholeLine> {
  const keeper = createSecretKeeper<DriverLogLine>(redactor, from);
  for await (const line of lines) yield* keeper.push(line);
  for (const line of keeper.rest()) {
    if (signal.aborted) return;
    yield line;
  }
}

/**
 * Gives the same lines, but the pieces of an overlong one are parted behind a secret and not within it. A piece waits for as much of what
 * follows as the longest secret is long, or for the end of the line: no more than that is held. `from` is where the first one begins.
 */
export function createSecretKeeper<P extends Piece>(redactor: Known, from = 0) {
  const held: Whole<P>[] = [];
  let start = from;
  return {
    /** What can be told with this one. */
    *push(line: P): Generator<Whole<P>> {
      held.push({ ...line, start, readTo: line.position });
      start = line.position;
      while (isSettled(held, redactor.reach)) yield takeFirst(held, redactor);
    },
    /** What is held, when nothing follows. */
    *rest(): Generator<Whole<P>> {
      while (held.length > 0) yield takeFirst(held, redactor);
    },
  };
}

function isSettled(held: readonly Piece[], reach: number): boolean {
  const [first, ...after] = held;
  const following = after.reduce((length, { text }) => length + text.length, 0);
  return first !== undefined && (!held.at(-1)?.goesOn || following >= reach);
}

/** The first, with what its last secret has of those after it. */
function takeFirst<P extends Piece>(held: Whole<P>[], redactor: Pick<Redactor, 'endOf'>): Whole<P> {
  const first = held.shift() as Whole<P>;
  const { position: readTo } = held.at(-1) ?? first;
  if (held.length === 0) return first;
  const text = [first, ...held].map((line) => line.text).join('');
  const end = redactor.endOf(text, first.text.length);
  let last = first;
  let over = end - first.text.length;
  for (let next = held[0]; next && over > 0; next = held[0]) {
    if (next.text.length > over) {
      next.text = next.text.slice(over);
      break;
    }
    // Nothing of it is left.
    over -= next.text.length;
    last = next;
    held.shift();
  }
  return { ...last, start: first.start, text: text.slice(0, end), readTo };
}
