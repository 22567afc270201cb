import { createReadStream } from 'node:fs';
import { CliError, fileError, whyNot } from '../errors.js';
import type { ContextFile } from './list-files.js';

const block = 512;
const record = 10_240;

/**
 * The archive of a build context, byte for byte as the official command line writes it (contract §10.2), so that
 * equal files give equal build-cache keys. The tar packages on npm end number fields with a space and fill the
 * device fields, which changes every header; hence this writer.
 *
 * Throws when a file changes size while it is read.
 */
export async function* tarStream(
  files: readonly ContextFile[],
  onBytes?: (count: number) => void,
): AsyncGenerator<Buffer> {
  let written = 0;
  for (const file of files) {
    const head = fileHeader(file);
    yield head;
    for await (const chunk of contentOf(file)) {
      onBytes?.(chunk.length);
      yield chunk;
    }
    const padding = Buffer.alloc(padTo(file.sizeBytes, block));
    yield padding;
    written += head.length + file.sizeBytes + padding.length;
  }
  // Two empty blocks end an archive; then zeros up to a whole record.
  yield Buffer.alloc(2 * block + padTo(written + 2 * block, record));
}

async function* contentOf(file: ContextFile): AsyncGenerator<Buffer> {
  if (file.sizeBytes === 0) return;
  let read = 0;
  try {
    // One byte more than expected: growth shows as such a byte.
    for await (const chunk of createReadStream(file.source, { end: file.sizeBytes })) {
      read += (chunk as Buffer).length;
      if (read > file.sizeBytes) break;
      yield chunk as Buffer;
    }
  } catch (error) {
    throw fileError(`${file.name} can't be read: ${whyNot(error)}.`, undefined, error);
  }
  if (read !== file.sizeBytes) {
    throw new CliError(`${file.name} changed while it was being packed.`, { hint: 'Run the command again.' });
  }
}

/** One ustar header, with a pax header before it where the name is long or not ASCII. */
function fileHeader({ name, sizeBytes, executable }: ContextFile): Buffer {
  const ascii = /^[\x20-\x7e]*$/.test(name);
  const mode = executable ? 0o755 : 0o644;
  if (ascii && name.length <= 100) return header(name, mode, sizeBytes, '0');
  const records = Buffer.from(paxRecord('path', name));
  const payload = Buffer.alloc(records.length + padTo(records.length, block));
  records.copy(payload);
  const plain = [...name].map((character) => (/^[\x20-\x7e]$/.test(character) ? character : '?')).join('');
  return Buffer.concat([
    header('././@PaxHeader', 0, records.length, 'x'),
    payload,
    header(plain.slice(0, 100), mode, sizeBytes, '0'),
  ]);
}

function header(name: string, mode: number, size: number, type: '0' | 'x'): Buffer {
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 100, 'latin1');
  const number = (value: number, offset: number, width: number) =>
    bytes.write(value.toString(8).padStart(width - 1, '0'), offset, 'latin1');
  number(mode, 100, 8);
  number(0, 108, 8);
  number(0, 116, 8);
  number(size, 124, 12);
  number(0, 136, 12);
  bytes.write(' '.repeat(8), 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
  return bytes;
}

/** `LENGTH key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  let total = length;
  while (String(total).length + length !== total) total = String(total).length + length;
  return total + rest;
}

function padTo(length: number, unit: number): number {
  return (unit - (length % unit)) % unit;
}
