/** Longer lines are handed on in pieces of at most this many bytes. */
export const lineLimitBytes = 16 * 1024;

export interface CutLine {
  /** Offset of the line's end, after its newline. */
  end: number;
  text: string;
  /** A piece of an overlong line that goes on. */
  goesOn?: true;
}

// A byte order mark within the output is a character like any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Cuts a stream of bytes into lines without their newline. Bytes that are no UTF-8 become U+FFFD; a piece of an overlong line
 * never ends within a character. Offsets count from `start`.
 */
export function createLineCutter(start = 0) {
  let pending = Buffer.alloc(0);
  let offset = start;

  function take(length: number, newline: number): CutLine {
    const bytes = pending.subarray(0, length);
    pending = pending.subarray(length + newline);
    offset += length + newline;
    return { end: offset, text: decoder.decode(bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes) };
  }

  return {
    /** The lines that these bytes complete. The chunk may be reused afterwards. */
    push(chunk: Uint8Array): CutLine[] {
      // A copy in any case: lines may be kept back until the next chunk.
      pending = Buffer.concat([pending, chunk]);
      const lines: CutLine[] = [];
      for (;;) {
        const newline = pending.indexOf(10);
        if (newline >= 0 && newline <= lineLimitBytes) lines.push(take(newline, 1));
        else if (pending.length > lineLimitBytes) lines.push({ ...take(characterEnd(pending), 0), goesOn: true });
        else return lines;
      }
    },
    /** What is left when the stream has ended without a newline. */
    rest(): CutLine | undefined {
      return pending.length > 0 ? take(pending.length, 0) : undefined;
    },
  };
}

function characterEnd(bytes: Buffer): number {
  let end = lineLimitBytes;
  while (end > lineLimitBytes - 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}
