import { closeSync, openSync, readSync } from 'node:fs';
import { CliError, fileError, whyNot } from '../errors.js';
import type { ContextFile } from './list-files.js';
import { endOf, fileHeader, paddingOf } from './tar-header.js';

/**
 * The archive of a build context in pieces of `pieceBytes`, the last one shorter: byte for byte as the official command line
 * writes it (contract §10.2). The tar packages on npm end number fields with a space and fill the device fields, hence this writer.
 *
 * A piece is taken from `spare` where there is one, so whoever is done with it can put it back there. Reads without waiting in
 * between: thousands of small files cost more in waiting than in reading. Throws when a file changes size while it is read.
 */
export function* tarPieces(
  files: readonly ContextFile[],
  {
    pieceBytes,
    spare,
    onBytes,
  }: { pieceBytes: number; spare: Buffer[]; onBytes?: ((count: number) => void) | undefined },
): Generator<Buffer> {
  let piece = spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
  let filled = 0;
  let written = 0;

  /** Gives the piece away when it is full. */
  function* advance(count: number): Generator<Buffer> {
    filled += count;
    written += count;
    if (filled < pieceBytes) return;
    yield piece;
    piece = spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
    filled = 0;
  }

  function* put(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length; ) {
      const count = bytes.copy(piece, filled, at);
      at += count;
      yield* advance(count);
    }
  }

  for (const file of files) {
    yield* put(fileHeader(file));
    const source = openFile(file);
    try {
      for (let left = file.sizeBytes; left > 0; ) {
        const count = read(file, source, piece, filled, Math.min(left, pieceBytes - filled));
        if (count === 0) throw changed(file);
        left -= count;
        onBytes?.(count);
        yield* advance(count);
      }
      if (read(file, source, probe, 0, 1) > 0) throw changed(file);
    } finally {
      closeSync(source);
    }
    yield* put(paddingOf(file.sizeBytes));
  }
  yield* put(endOf(written));
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Where growth shows: a byte behind the end. */
const probe = Buffer.alloc(1);

function openFile(file: ContextFile): number {
  try {
    return openSync(file.source, 'r');
  } catch (error) {
    throw unreadable(file, error);
  }
}

function read(file: ContextFile, source: number, target: Buffer, offset: number, length: number): number {
  try {
    return readSync(source, target, offset, length, null);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable({ name }: ContextFile, error: unknown): CliError {
  return fileError(`${name} can't be read: ${whyNot(error)}.`, undefined, error);
}

function changed({ name }: ContextFile): CliError {
  return new CliError(`${name} changed while it was being packed.`, { hint: 'Run the command again.' });
}
