import type { CommandContext } from '../../lib/context.js';

export interface ShownSecret {
  value: string;
  /** What it is: "Token ci is made: …". */
  headline: string;
  /** Lines below it, for a person. */
  hints: string[];
  /** The document of `--json`. */
  data: unknown;
  /** The value and nothing else, on a terminal too. */
  valueOnly?: boolean | undefined;
}

/**
 * A secret that nobody can read again. On a terminal it stands in a frame on a line of its own, so that selecting the line
 * takes the whole of it and nothing else; piped, it is all that stdout carries, and the rest goes to stderr.
 */
export function showSecret(context: CommandContext, { value, headline, hints, data, valueOnly }: ShownSecret): void {
  const { io, colours, json } = context;
  const alone = valueOnly || !io.stdout.isTTY;
  if (alone && !json) context.note(colours.dim(headline));
  context.result(data, () => {
    if (alone) return value;
    const title = '── shown this once: copy it now ';
    const width = Math.min(Math.max(value.length, title.length + 2), context.width ?? Infinity);
    const { bold, dim, green, yellow } = colours;
    return [
      green(headline),
      '',
      yellow(title.padEnd(width, '─')),
      bold(value),
      yellow('─'.repeat(width)),
      '',
      ...hints.map((line) => dim(line)),
    ].join('\n');
  });
}
