import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** A referenced set cannot be used; the message says why, and never what is in it. */
export class HostSecretError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'HostSecretError';
  }
}

export type HostSecrets = ReturnType<typeof createHostSecrets>;

export interface HostSecretSet {
  values: Record<string, string>;
  /** Another one once the file has been written or replaced. Says nothing of what is in it. */
  version: string;
}

const keyPattern = /^[A-Za-z0-9_-]{1,64}$/;
const maxBytes = 512 * 1024;

/**
 * Secret sets that lie on this machine, one file `NAME.env` each: `KEY=value` lines. The control plane knows their names and
 * nothing else of them. Read each time, so that a changed value reaches the next instance.
 */
export function createHostSecrets(directory: string) {
  async function fileOf(name: string): Promise<{ text: string; version: string }> {
    if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(name) || name.includes('..')) {
      throw new HostSecretError(`'${name.slice(0, 80)}' cannot be the name of a secret set`);
    }
    const path = join(directory, `${name}.env`);
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`;
      throw new HostSecretError(`secret set '${name}': ${path} ${why} on the machine of the worker`);
    });
    try {
      const { mode, size, mtimeNs, ino } = await file.stat({ bigint: true });
      if ((mode & 0o077n) !== 0n) {
        throw new HostSecretError(
          `secret set '${name}': others may read ${path}; run chmod 600 on it on the machine of the worker`,
        );
      }
      if (size > maxBytes)
        throw new HostSecretError(`secret set '${name}': ${path} has more than ${maxBytes / 1024} KiB`);
      return { text: await file.readFile('utf8'), version: `${mtimeNs}-${size}-${ino}` };
    } finally {
      await file.close();
    }
  }

  return {
    /** Throws `HostSecretError`. */
    async read(name: string): Promise<HostSecretSet> {
      const { text, version } = await fileOf(name);
      const values = Object.entries(parseEnv(text));
      const wrong = values.find(([key]) => !keyPattern.test(key));
      if (wrong) {
        throw new HostSecretError(
          `secret set '${name}': a key of it is no name of letters, digits, _ and -, at most 64`,
        );
      }
      return { values: Object.fromEntries(values.map(([key, value]) => [key, value ?? ''])), version };
    },
  };
}
