import type { LogEntry } from '@pipecat-cloud/contract/logs';

export interface Line extends LogEntry {
  /** No line: the mark of those that were given up before they could be read. */
  gap?: true;
}
export interface LinesHeld {
  lines: readonly Line[];
  /** Number of the first; each line keeps its own while others come before it or are dropped. */
  first: number;
  /** The oldest that were dropped to keep within the limits. */
  dropped: number;
}

/** What a page holds at most: a hundred thousand usual lines take some 50 MB of a browser's memory. */
export const mostLines = 100_000;
const mostCharacters = 64_000_000;

/**
 * Lines in the order in which they are shown, no more than the limits allow. They stand in one array that changes: a copy of a hundred
 * thousand with each frame would be more work than all the rest.
 */
export function createLogLines(limits = { lines: mostLines, characters: mostCharacters }) {
  const lines: Line[] = [];
  let first = 0;
  let dropped = 0;
  let characters = 0;

  return {
    held: (): LinesHeld => ({ lines, first, dropped }),

    /** Whether so many more would have the oldest dropped. */
    isFull: (more: number) => lines.length + more >= limits.lines || characters >= limits.characters,

    /** Puts lines at the end; the oldest make room for them. */
    append(more: readonly Line[]): void {
      for (const line of more) {
        lines.push(line);
        characters += line.log.length;
      }
      let over = 0;
      while (over < lines.length - 1 && (lines.length - over > limits.lines || characters > limits.characters)) {
        characters -= lines[over]?.log.length ?? 0;
        over++;
      }
      lines.splice(0, over);
      first += over;
      dropped += over;
    },

    /** Puts lines before the first, as many as there is room for, and those nearest to it. Tells how many. */
    prepend(older: readonly Line[]): number {
      const fitting: Line[] = [];
      for (const line of older.toReversed()) {
        if (lines.length + fitting.length >= limits.lines || characters + line.log.length > limits.characters) break;
        characters += line.log.length;
        fitting.push(line);
      }
      lines.unshift(...fitting.reverse());
      first -= fitting.length;
      return fitting.length;
    },
  };
}

/** By arrival: cursors are a segment and a place in it, both to the base of 36. */
export function compareCursors(a: string, b: string): number {
  const [segmentA = '', placeA = ''] = a.split('.');
  const [segmentB = '', placeB = ''] = b.split('.');
  return compareNumbers(segmentA, segmentB) || compareNumbers(placeA, placeB);
}
const compareNumbers = (a: string, b: string) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** The first and the last of these by arrival, which is not quite the order of time in which a page of lines comes. */
export function endsOf(lines: readonly Line[]): { oldest?: string; newest?: string } {
  const cursors = lines.flatMap(({ cursor }) => cursor ?? []).sort(compareCursors);
  const [oldest, newest] = [cursors[0], cursors.at(-1)];
  return { ...(oldest && { oldest }), ...(newest && { newest }) };
}
