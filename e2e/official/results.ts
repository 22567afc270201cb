import type { Credential, Track, Version } from './track.js';

/** Why a command that was answered as it should be can not do here what it is for. */
export interface Instead {
  instead: string;
  /** What to do in its place. */
  remark?: string;
}

/** What came of a command, in words for the table. */
export interface Result {
  remarks: Set<string>;
  instead?: string;
  failure?: unknown;
}

/**
 * A part of the suite: the command that it drives, and how. What it returns, a remark or an `Instead`, goes into the table.
 */
export type Step = readonly [command: string, drive: (track: Track) => Promise<unknown>];

export type Results = ReturnType<typeof createResults>;

/** Collects what each command did, so that one that fails does not hide those behind it. */
export function createResults() {
  const all = new Map<string, Result>();
  const keyOf = (version: Version, command: string, credential: Credential) => `${version} ${credential}: ${command}`;

  return {
    /** Runs steps one after the other. */
    async drive(track: Track, steps: readonly Step[]): Promise<void> {
      for (const [command, drive] of steps) {
        const key = keyOf(track.version, command, track.credential);
        const result: Result = all.get(key) ?? { remarks: new Set() };
        all.set(key, result);
        try {
          const remark = await drive(track);
          if (typeof remark === 'string') result.remarks.add(remark);
          else if (isInstead(remark)) {
            result.instead = remark.instead;
            if (remark.remark) result.remarks.add(remark.remark);
          }
        } catch (error) {
          result.failure ??= error;
        }
      }
    },
    /** What is to be said of a command that did what it should. Throws what went wrong, or that nothing drove it. */
    of(version: Version, command: string, credential: Credential): Result {
      const result = all.get(keyOf(version, command, credential));
      if (!result) throw new Error(`nothing drove it: ${keyOf(version, command, credential)}`);
      if (result.failure) throw result.failure;
      return result;
    },
  };
}

const isInstead = (value: unknown): value is Instead =>
  typeof value === 'object' && value !== null && 'instead' in value;
