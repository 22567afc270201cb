import { gzipSync } from 'node:zlib';

export interface TarEntry {
  path: string;
  /** The type flag of the header; `0` is a regular file. */
  type?: string;
  content?: string;
  link?: string;
  /** What the header claims; by default the content's length. */
  sizeBytes?: number;
}

/** A tar made by hand, so that it can hold what no proper tool would write. */
export function tarOf(entries: readonly TarEntry[], { end = true } = {}): Buffer {
  const blocks = entries.flatMap((entry) => [headerOf(entry), padded(Buffer.from(entry.content ?? ''))]);
  return Buffer.concat(end ? [...blocks, Buffer.alloc(1024)] : blocks);
}

/** A compressed context of regular files. */
export function contextOf(files: Readonly<Record<string, string>>): Buffer {
  return gzipSync(tarOf(Object.entries(files).map(([path, content]) => ({ path, content }))));
}

/** The extended header that gives the next entry a path that no plain header can hold. */
export function longPath(path: string): TarEntry {
  const record = (length: number): string => `${length} path=${path}\n`;
  let length = Buffer.byteLength(record(0));
  while (Buffer.byteLength(record(length)) !== length) length = Buffer.byteLength(record(length));
  return { path: 'PaxHeader/long', type: 'x', content: record(length) };
}

function headerOf({
  path,
  type = '0',
  content = '',
  link = '',
  sizeBytes = Buffer.byteLength(content),
}: TarEntry): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(path, 0, 100);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
