import { createTurns } from '../turns.js';

/** OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane. The library's default algorithm is argon2id. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each takes a thread of the pool that files and name look-ups need too; a flood of guesses waits here instead. */
const atOnce = 2;

export interface PasswordHasher {
  /** A PHC string. */
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
  /** Was it made with other parameters than today's? */
  isOutdated(hash: string): Promise<boolean>;
}

/** Passwords as argon2id. The library loads at first use: most installations never need it. */
export function createPasswordHasher(): PasswordHasher {
  const load = () => import('@node-rs/argon2');
  const inTurn = createTurns(atOnce);
  // The same text however a keyboard composes it (NIST SP 800-63B).
  const normal = (password: string) => password.normalize('NFKC');
  return {
    hash: async (password) => {
      const argon2 = await load();
      return await inTurn(() => argon2.hash(normal(password), parameters));
    },
    verify: async (hash, password) => {
      const argon2 = await load();
      return await inTurn(() => argon2.verify(hash, normal(password)));
    },
    isOutdated: async (hash) => {
      const used = (await load()).parseOptions(hash);
      return (
        used.memoryCost !== parameters.memoryCost ||
        used.timeCost !== parameters.timeCost ||
        used.parallelism !== parameters.parallelism ||
        !hash.startsWith('$argon2id$')
      );
    },
  };
}
