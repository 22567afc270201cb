import type { DriverLogLine } from '../drivers/driver.js';
import type { Redactor } from './redactor.js';

/** A line, or a piece of one, of whose text no secret lies across the end. */
export interface WholeLine extends DriverLogLine {
  /** Where it begins in the output. A piece may end with text of the one after it. */
  start: number;
  /** Up to where the output was read for it: each secret that begins in it is over by then. */
  readTo: number;
}

interface Source {
  lines: AsyncIterable<DriverLogLine>;
  /** Where the first of them begins. */
  from: number;
  redactor: Pick<Redactor, 'endOf' | 'reach'>;
  signal: AbortSignal;
}

/**
 * The same lines, but the pieces of an overlong one are parted behind a secret and not within it. A piece waits for as much of what
 * follows as the longest secret is long, or for the end of the line: no more than that is held. What is held as the lines end is given
 * then, unless the signal has aborted.
 */
export async function* keepSecretsWhole({ lines, from, redactor, signal }: Source): AsyncGenerator<WholeLine> {
  const held: WholeLine[] = [];
  let start = from;
  for await (const line of lines) {
    held.push({ ...line, start, readTo: line.position });
    start = line.position;
    while (isSettled(held, redactor.reach)) yield takeFirst(held, redactor);
  }
  while (held.length > 0 && !signal.aborted) yield takeFirst(held, redactor);
}

function isSettled(held: readonly WholeLine[], reach: number): boolean {
  const [first, ...after] = held;
  const following = after.reduce((length, { text }) => length + text.length, 0);
  return first !== undefined && (!held.at(-1)?.goesOn || following >= reach);
}

/** The first, with what its last secret has of those after it. */
function takeFirst(held: WholeLine[], redactor: Pick<Redactor, 'endOf'>): WholeLine {
  const first = held.shift() as WholeLine;
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
