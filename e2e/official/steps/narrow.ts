import { expect } from 'vitest';
import { commandsOf } from '../catalogue.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';

const fill = (argument: string, { known, org }: Track) =>
  argument.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'org' ? org : (known[name] ?? '')));

/** What the narrow token may do succeeds, and everything else is refused with the name of the permission that it lacks. */
export function narrowSteps(version: Track['version']): readonly Step[] {
  return commandsOf(version).flatMap(({ name, narrow }): Step[] => {
    if (typeof narrow === 'string' || name.startsWith('auth use-pat')) return [];
    const { args, lacks, told } = narrow;
    return [
      [
        name,
        async (track) => {
          const all = [...name.split(' '), ...args.map((each) => fill(each, track))];
          if (told) {
            expect(await track.fails(all)).toContain(told);
            return `refused: no repository can be linked, ends with ${track.version === '0.6.0' ? 0 : 1}`;
          }
          if (!lacks) {
            await track.ok(all);
            return;
          }
          const { code, text } = await track.run(all);
          if (name === 'agent deployments') expect(text).toContain('403');
          else expect(text).toContain(`This needs the permission ${lacks}, which this credential lacks`);
          expect(text).not.toMatch(/Success|Traceback/);
          return `refused (${lacks}), ends with ${code}`;
        },
      ],
    ];
  });
}
