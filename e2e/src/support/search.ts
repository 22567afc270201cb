import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allProcesses, commandOf } from './processes.js';

/** Values by a name that says what each is. */
export type Canaries = ReadonlyMap<string, string>;

/** A value as it is, and as programs commonly write it down. */
function formsOf(value: string): Buffer[] {
  const forms = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
  const bytes = Buffer.from(value);
  // Whatever stands before it, base64 has one of three alignments; the first and last characters depend on the neighbours.
  const shifted = [0, 1, 2].map((by) =>
    Buffer.concat([Buffer.alloc(by), bytes])
      .toString('base64')
      .slice(by + 1, -4),
  );
  return [...new Set([...forms, ...shifted, bytes.toString('hex')])].map((form) => Buffer.from(form));
}

/** Names of the canaries that `content` has in it, in clear or merely written differently. */
export function canariesIn(content: Buffer | string, canaries: Canaries): string[] {
  const bytes = Buffer.from(content);
  return [...canaries].flatMap(([name, value]) => (formsOf(value).some((form) => bytes.includes(form)) ? [name] : []));
}

/** Every regular file below a folder, which programs may be at work in; links are not followed. */
export function filesBelow(folder: string): string[] {
  return (unlessGone(() => readdirSync(folder)) ?? []).flatMap((name) => {
    const path = join(folder, name);
    const found = unlessGone(() => lstatSync(path));
    if (found?.isDirectory()) return filesBelow(path);
    return found?.isFile() ? [path] : [];
  });
}

/** Undefined where it was removed between being listed and being looked at. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** `path: canary` for each one in a file below the folder. */
export function searchFiles(folder: string, canaries: Canaries): string[] {
  return filesBelow(folder).flatMap((path) => {
    const content = unlessGone(() => readFileSync(path)) ?? '';
    return canariesIn(content, canaries).map((name) => `${path.slice(folder.length + 1)}: ${name}`);
  });
}

/** Looks at the arguments of every process of this machine again and again, until `stop` is called. */
export function watchCommands(canaries: Canaries): { stop(): string[]; looks(): number } {
  const found = new Set<string>();
  let looks = 0;
  const look = () => {
    looks++;
    for (const pid of allProcesses()) {
      const command = commandOf(pid);
      for (const canary of command ? canariesIn(command, canaries) : []) found.add(canary);
    }
  };
  const timer = setInterval(look, 25);
  return {
    looks: () => looks,
    stop() {
      clearInterval(timer);
      return [...found];
    },
  };
}
