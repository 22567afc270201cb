import type { ContextFile } from './list-files.js';

const block = 512;
const record = 10_240;

/** One ustar header, with a pax header before it where the name is long or not ASCII: as Python's tarfile writes them. */
export function fileHeader({ name, sizeBytes, executable }: ContextFile): Buffer {
  const mode = executable ? 0o755 : 0o644;
  const characters = [...name];
  const plain = characters.map((character) => (character > '\x7f' ? '?' : character)).join('');
  if (plain === name && name.length <= 100) return header(name, mode, sizeBytes, '0');
  const records = Buffer.from(paxRecord('path', name));
  return Buffer.concat([
    header('././@PaxHeader', 0, records.length, 'x'),
    records,
    paddingOf(records.length),
    header(plain.slice(0, 100), mode, sizeBytes, '0'),
  ]);
}

/** Zeros behind so many bytes, up to a whole block. */
export function paddingOf(sizeBytes: number): Buffer {
  return Buffer.alloc(padTo(sizeBytes, block));
}

/** Two empty blocks end an archive of so many bytes; then zeros up to a whole record. */
export function endOf(sizeBytes: number): Buffer {
  return Buffer.alloc(2 * block + padTo(sizeBytes + 2 * block, record));
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
  let sum = 0;
  for (const byte of bytes) sum += byte;
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
