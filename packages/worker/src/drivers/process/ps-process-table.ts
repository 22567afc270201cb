import { spawnSync } from 'node:child_process';
import type { ProcessEntry, ProcessTable } from './process-table.js';

/**
 * Asks `ps`, for systems without /proc. It shows no environments, so what an instance started outside its own process group is
 * not found here, nor an instance whose worker died between starting it and noting its process id.
 */
export function createPsProcessTable(): ProcessTable {
  const list = (pid?: number) =>
    rows(pid === undefined ? ['-A'] : ['-p', String(pid)])
      .filter(({ state }) => !state.startsWith('Z'))
      .map(({ pid, group, startedAt, cpuMs }) => ({ pid, group, startedAt, cpuMs }));
  return {
    startedAt: (pid) => rows(['-p', String(pid)])[0]?.startedAt,
    sinceBoot: () => true,
    list,
    async look() {
      const all = list();
      return { list: () => all, marked: () => [], sinceBoot: () => true };
    },
    marked: () => [],
    environment: () => ({}),
    memoryBytes: (pid) => rows(['-p', String(pid)])[0]?.memoryBytes ?? 0,
  };
}

function rows(which: string[]): (ProcessEntry & { state: string; memoryBytes: number })[] {
  const columns = ['pid', 'pgid', 'stat', 'rss', 'time', 'lstart'].flatMap((name) => ['-o', `${name}=`]);
  const answer = spawnSync('ps', [...which, ...columns], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
  });
  if (answer.error) throw answer.error;
  return answer.stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 5)
    .map(([pid, group, state = '', rss, time = '', ...started]) => ({
      pid: Number(pid),
      group: Number(group),
      state,
      memoryBytes: Number(rss) * 1024,
      cpuMs: parseTime(time),
      startedAt: started.join(' '),
    }));
}

/** `[days-][hours:]minutes:seconds[.fraction]`, as the different systems print it. */
function parseTime(text: string): number {
  const [clock = '', days = '0'] = text.split('-').reverse();
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1000);
}
