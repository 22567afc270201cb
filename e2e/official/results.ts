import type { Credential, Track, Version } from './track.js';

/** What came of a command: `remarks` are words for the table. */
interface Result {
  remarks: Set<string>;
  failure?: unknown;
}

/** A part of the suite: the command that it drives, and how. A text that it returns is a remark for the table. */
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
        } catch (error) {
          result.failure ??= error;
        }
      }
    },
    /** What is to be said of a command that did what it should. Throws what went wrong, or that nothing drove it. */
    remarks(version: Version, command: string, credential: Credential): readonly string[] {
      const result = all.get(keyOf(version, command, credential));
      if (!result) throw new Error(`nothing drove it: ${keyOf(version, command, credential)}`);
      if (result.failure) throw result.failure;
      return [...result.remarks];
    },
  };
}
