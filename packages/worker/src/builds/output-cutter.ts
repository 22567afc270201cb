import { type CutLine, createLineCutter } from '../drivers/process/lines.js';
import type { Redactor } from '../logs/redactor.js';
import { createSecretKeeper, type Piece } from '../logs/whole-secrets.js';

export type OutputCutter = ReturnType<typeof createOutputCutter>;

/** Cuts the output of a build into lines, an overlong one into pieces of which none ends within a secret: each can be redacted by itself. */
export function createOutputCutter(redactor: Pick<Redactor, 'endOf' | 'reach'>) {
  const cutter = createLineCutter();
  const keeper = createSecretKeeper<Piece>(redactor);
  const keep = (lines: readonly CutLine[]) =>
    lines.flatMap(({ end, ...line }) => [...keeper.push({ ...line, position: end })]);
  const textsOf = (pieces: readonly Piece[]) => pieces.map(({ text }) => text);

  return {
    /** What can be told with these bytes. The chunk may be reused afterwards. */
    push: (chunk: Uint8Array): string[] => textsOf(keep(cutter.push(chunk))),
    /** What is left when the output has ended. */
    rest(): string[] {
      const last = cutter.rest();
      return textsOf([...keep(last ? [last] : []), ...keeper.rest()]);
    },
  };
}
