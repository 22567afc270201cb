import { cpSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

/** All that the checker read, what it found, and what the product said and wrote. What agents told one by one is in the first. */
const needed = /^(events\.jsonl|breaches\.json|data|.+\.log)$/;
/** A database of a few minutes is below that; what is above are files that somebody filled a disk with. */
const largestDataBytes = 8 * 1024 ** 2;

/** Copies a data folder, but for what is large and for what is no file. */
export function copyData(from: string, to: string): void {
  const filter = (path: string) => {
    const found = lstatSync(path);
    return found.isDirectory() || (found.isFile() && found.size <= largestDataBytes);
  };
  cpSync(from, to, { recursive: true, filter });
}

/** Moves what a person needs of a run into a folder of its own in another place, which it returns, and removes the rest. */
export function moveEvidence(folder: string, place: string): string {
  const kept = resolve(place, basename(folder));
  mkdirSync(kept, { recursive: true });
  for (const name of readdirSync(folder).filter((name) => needed.test(name))) {
    if (name === 'data') copyData(join(folder, name), join(kept, name));
    else cpSync(join(folder, name), join(kept, name));
  }
  rmSync(folder, { recursive: true, force: true });
  return kept;
}
