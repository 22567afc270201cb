import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from '../environment.js';
import type { Figure } from '../figure.js';
import { type Load, startLoad } from '../http-load.js';
import { cpuMs, startNode } from '../processes.js';
import { spreadOf, turned } from '../statistics.js';
import type { RoutesReady } from './route-server.js';

const rounds = 9;
const secondsEach = 2;
const warmUpSeconds = 6;
const connections = 32;
// The server and what puts load on it, each on a processor of its own.
const [serverCore, loadCore] = [0, 1];

interface Contender {
  port: number;
  pid: number;
  headers: Record<string, string>;
}
interface Round {
  perSecond: number;
  /** Processor time of the server per request, in microseconds; undefined where it can't be read. */
  cpuMicroseconds: number | undefined;
}

async function measureRound(load: Load, path: string, { port, pid, headers }: Contender): Promise<Round> {
  const before = cpuMs(pid);
  const { perSecond, requests } = await load.run({ port, path, headers, connections, seconds: secondsEach });
  const after = cpuMs(pid);
  const used = before === undefined || after === undefined ? undefined : ((after - before) * 1000) / requests;
  return { perSecond, cpuMicroseconds: used };
}

/** What a token costs a request: the real control plane against the same route that asks for none. */
function routeShare({ name, about, path }: { name: string; about: string; path: string }): Figure {
  return {
    name,
    about,
    async measure({ resources, progress }) {
      const folder = await resources.folder(name);
      const dataDirectory = join(folder, 'data');
      const { pid, ready } = await startNode(resources, {
        name: 'control plane with and without authentication',
        file: fileURLToPath(new URL('./route-server.js', import.meta.url)),
        env: plainEnvironment({
          PIPECAT_CLOUD_DATA_DIR: dataDirectory,
          PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'bench@example.com',
          PIPECAT_CLOUD_BOOTSTRAP_ORG: 'bench',
        }),
        folder,
        core: serverCore,
      });
      const { port, openPort } = ready as RoutesReady;
      const token = readFileSync(join(dataDirectory, 'bootstrap-token'), 'utf8').trim();
      const load = await startLoad(resources, { folder, core: loadCore });
      const contenders: Record<'checked' | 'open', Contender> = {
        checked: { port, pid, headers: { authorization: `Bearer ${token}` } },
        open: { port: openPort, pid, headers: {} },
      };
      await requireEqualAnswers(path, contenders);

      for (const { port, headers } of Object.values(contenders)) {
        await load.run({ port, path, headers, connections, seconds: warmUpSeconds });
      }
      const measured: Record<keyof typeof contenders, Round[]> = { checked: [], open: [] };
      for (let round = 0; round < rounds; round++) {
        progress(`round ${round + 1} of ${rounds}`);
        for (const contender of turned(['checked', 'open'] as const, round)) {
          measured[contender].push(await measureRound(load, path, contenders[contender]));
        }
      }
      const ratios = measured.checked.map(({ perSecond }, round) => perSecond / (measured.open[round]?.perSecond ?? 0));
      const { median, min, max } = spreadOf(ratios);
      const note = `${describe(measured.checked)} with a token, ${describe(measured.open)} without`;
      return [{ name, value: median, unit: 'x', goal: { kind: 'atLeast', value: 0.75 }, min, max, rounds, note }];
    },
  };
}

export const usersRoute = routeShare({
  name: 'users-route',
  about: 'throughput of GET /v1/users with a token, as a share of the same route without authentication',
  path: '/v1/users',
});

export const servicesRoute = routeShare({
  name: 'services-route',
  about:
    'throughput of GET …/services with token, membership and policy, as a share of the same route with none of them',
  path: '/v1/organizations/bench/services',
});

/** A server that says something else has something else to do; that is not what is compared. */
async function requireEqualAnswers(path: string, contenders: Record<string, Contender>): Promise<void> {
  const answers = await Promise.all(
    Object.values(contenders).map(async ({ port, headers }) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      return await response.text();
    }),
  );
  if (new Set(answers).size !== 1) throw new Error(`The answers differ: ${answers.join(' and ')}`);
}

function describe(measured: readonly Round[]): string {
  const perSecond = Math.round(spreadOf(measured.map((round) => round.perSecond)).median);
  const used = measured.flatMap(({ cpuMicroseconds }) => cpuMicroseconds ?? []);
  const cpu = used.length > 0 ? ` (${spreadOf(used).median.toFixed(0)} µs of processor time each)` : '';
  return `${perSecond} requests/s${cpu}`;
}
