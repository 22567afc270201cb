import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { systemClock, systemIds } from '@pipecat-cloud/server/system';
import { startCloud } from '../cloud.js';
import { plainEnvironment } from '../environment.js';
import type { Figure } from '../figure.js';
import { type Load, startLoad } from '../http-load.js';
import { cpuMs, startNode } from '../processes.js';
import { spreadOf, turned } from '../statistics.js';

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
      const file = fileURLToPath(new URL('./plain-server.js', import.meta.url));
      const cloud = await startCloud(resources, { serverCore });
      const database = join(cloud.dataDir, 'pipecat-cloud.db');
      await storeAgents(database, cloud.organization);
      const plain = await startNode(resources, {
        name: 'plain server',
        file,
        env: plainEnvironment({ BENCH_DATABASE: database }),
        folder,
        core: serverCore,
      });
      const load = await startLoad(resources, { folder, core: loadCore });
      const contenders: Record<'checked' | 'open', Contender> = {
        checked: { port: cloud.port, pid: cloud.serverPid, headers: { authorization: `Bearer ${cloud.token}` } },
        open: { port: plain.ready.port ?? 0, pid: plain.pid, headers: {} },
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

/** Something to list: three agents that were never deployed. */
async function storeAgents(file: string, organization: string): Promise<void> {
  const store = createStore(await openDatabase({ dialect: 'sqlite', file }));
  const owner = await store.organizations.findByName(organization);
  if (!owner) throw new Error(`There is no organization '${organization}'`);
  const now = systemClock.now().toISOString();
  for (const name of ['first', 'second', 'third']) {
    await store.agents.insert({
      id: systemIds.id(),
      organizationId: owner.id,
      name,
      region: owner.defaultRegion,
      minAgents: 0,
      maxAgents: 1,
      websocketAuth: 'none',
      desiredDeploymentId: null,
      liveDeploymentId: null,
      reconciledDeploymentId: null,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    });
  }
  await store.close();
}

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
