import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Files like those of an agent: half of the bytes are text like source code, half are like models and sounds, which don't compress. They
 * are the same at every call.
 */
export function writeContext(folder: string, { files, bytes }: { files: number; bytes: number }): void {
  const next = createNumbers();
  const words = Array.from({ length: 8000 }, () => wordOf(next));
  const size = Math.floor(bytes / files);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM dailyco/pipecat-base:latest\n');
  for (let file = 1; file < files; file++) {
    const isText = file % 2 === 0;
    const place = join(folder, isText ? `package_${file % 50}` : `data_${file % 30}`, `part_${file % 7}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, `file_${file}.${isText ? 'py' : 'bin'}`),
      isText ? textOf(words, size, next) : noiseOf(size, next),
    );
  }
}

/** Marsaglia's xorshift: fast, and the same everywhere. */
function createNumbers(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function wordOf(next: () => number): string {
  const letters = 'etaoinshrdlucmfwypvbgkjqxz';
  const pick = () => letters[Math.floor(letters.length * (next() / 2 ** 32) ** 2)];
  return Array.from({ length: 2 + (next() % 9) }, pick).join('');
}

/** Lines of words of which some are far more frequent than others, indented, with the signs of a program between them. */
function textOf(words: readonly string[], bytes: number, next: () => number): Buffer {
  const signs = [' ', ' ', '(', ', ', '.', ' = ', '_'];
  const lines: string[] = [];
  for (let length = 0; length < bytes; ) {
    let line = ' '.repeat(4 * (next() % 4));
    for (let left = 3 + (next() % 10); left > 0; left--)
      line += `${words[Math.floor(words.length * (next() / 2 ** 32) ** 3)]}${signs[next() % signs.length]}`;
    lines.push(line);
    length += line.length + 1;
  }
  return Buffer.from(lines.join('\n').slice(0, bytes));
}

function noiseOf(bytes: number, next: () => number): Buffer {
  const numbers = new Uint32Array(Math.ceil(bytes / 4));
  for (let at = 0; at < numbers.length; at++) numbers[at] = next();
  return Buffer.from(numbers.buffer, 0, bytes);
}
