import { gzipSync } from 'node:zlib';

const block = 512;

export interface Entry {
  path: string;
  content?: string;
  /** The type in the header: `0` file, `1` hard link, `2` symbolic link, `3` character device, `5` folder, `6` pipe. */
  type?: string;
  link?: string;
}

/** A gzip-compressed tar, made by hand because no tool writes what these tests need. */
export function archive(...entries: Entry[]): Buffer {
  return gzipSync(Buffer.concat([...entries.map(member), Buffer.alloc(2 * block)]));
}

/** A context that would be fine. */
export const harmless: Entry[] = [
  { path: 'pcc-deploy.toml', content: '[local]\ncommand = ["node", "bot.ts"]\n' },
  { path: 'bot.ts', content: 'export {};\n' },
];

/** A file of zeros that claims to be larger than any context may be. */
export function bomb(sizeBytes: number): Buffer {
  const chunk = Buffer.alloc(16 * 1024 * 1024);
  const head = header({ path: 'zeros' }, sizeBytes);
  const parts = [gzipSync(Buffer.concat([...harmless.map(member), head]))];
  // Members of a gzip file follow one another and read as one stream.
  const zeros = gzipSync(chunk, { level: 9 });
  for (let done = 0; done < sizeBytes; done += chunk.length) parts.push(zeros);
  return Buffer.concat(parts);
}

function member(entry: Entry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header(entry, content.length), content, padding]);
}

function header({ path, type = '0', link = '' }: Entry, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, offset: number, width: number) =>
    bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
  bytes.write(path, 0, 100, 'latin1');
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.write(' '.repeat(8), 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write(link, 157, 100, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
