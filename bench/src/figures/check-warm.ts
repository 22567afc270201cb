import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from '../environment.js';
import type { Figure } from '../figure.js';
import { startNode } from '../processes.js';
import { spreadOf, turned } from '../statistics.js';
import type { WarmOrder, WarmResult } from './check-warm-process.js';

const rounds = 9;
const secondsEach = 1;
const warmUpSeconds = 2;
const core = 1;
const contenders = ['check', 'bare'] as const;

/** The check of tokens that are known, alone in a process that keeps to one processor, its garbage collection included. */
export const checkWarm: Figure = {
  name: 'check-warm',
  about: 'in-process checks of known tokens per second on one processor',
  async measure({ resources, progress }) {
    const folder = await resources.folder('check-warm');
    const file = fileURLToPath(new URL('./check-warm-process.js', import.meta.url));
    const { child } = await startNode(resources, { name: 'checks', file, env: plainEnvironment(), folder, core });
    const run = async (order: WarmOrder): Promise<number> => {
      child.send(order);
      const [{ perSecond }] = (await once(child, 'message')) as [WarmResult];
      return perSecond;
    };
    for (const contender of contenders) await run({ contender, seconds: warmUpSeconds });
    const measured: Record<(typeof contenders)[number], number[]> = { check: [], bare: [] };
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      for (const contender of turned(contenders, round)) {
        measured[contender].push(await run({ contender, seconds: secondsEach }));
      }
    }
    const checks = spreadOf(measured.check);
    const share = spreadOf(measured.check.map((value, round) => value / (measured.bare[round] ?? 0)));
    const note = '1,000 known tokens in turn, on one processor; last uses noted and written';
    const bareNote = `against ${Math.round(spreadOf(measured.bare).median)}/s of one SHA-256 and one look into a Map`;
    return [
      { ...measurement('check-warm', checks), unit: 'checks/s', goal: { kind: 'atLeast', value: 300_000 }, note },
      { ...measurement('check-warm-share', share), unit: 'x', goal: null, note: bareNote },
    ];
  },
};

function measurement(name: string, { median, min, max, rounds: count }: ReturnType<typeof spreadOf>) {
  return { name, value: median, min, max, rounds: count };
}
