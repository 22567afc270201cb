import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createClient } from '@pipecat-cloud/contract/client';
import { openUnmigrated } from '@pipecat-cloud/server/db/open';
import { sql } from 'kysely';
import { plainEnvironment, root } from '../environment.js';
import type { Figure, FigureContext, Measurement } from '../figure.js';
import { freePort } from '../ports.js';
import { startPostgres } from '../postgres.js';
import { startNode } from '../processes.js';
import type { Resources } from '../resources.js';
import { type Spread, spreadOf, turned } from '../statistics.js';
import { type Past, storeManySessions, type Target } from './many-sessions.js';

const organization = 'bench';
const long: Past = { agents: 10_000, slotsEach: 11, sessions: 1_000_000 };
/** One agent that nobody has used, or there were no sessions to list. */
const none: Past = { agents: 1, slotsEach: 11, sessions: 0 };
const rounds = 5;
const requestsEach = 200;

type Credential = 'token' | 'key';
interface List {
  path: string;
  by: Credential;
  /** One in twenty matches, so that as many are passed over for each that is shown. */
  sifted?: true;
}
/** Every list that grows with what is stored. */
const lists: readonly List[] = [
  { path: `/v1/organizations/${organization}/services`, by: 'token' },
  { path: `/v1/organizations/${organization}/services/busy/sessions`, by: 'token' },
  { path: `/v1/organizations/${organization}/services/busy/sessions?status=active`, by: 'token' },
  { path: `/v1/organizations/${organization}/services/busy/sessions?endState=terminated`, by: 'token', sifted: true },
  { path: `/v1/organizations/${organization}/services/busy/deployments`, by: 'token' },
  { path: '/v1/agents', by: 'key' },
  { path: '/v1/agents/busy/sessions', by: 'key' },
];

/** What an answer takes where much is stored, as a multiple of what it takes where nothing is. */
export const listScale: Figure = {
  name: 'list-scale',
  about: 'time of each list with 10,000 agents and 1,000,000 ended sessions stored, as a multiple of its empty time',
  async measure(context) {
    const onSqlite = await measureOn(context, 'list-scale', () => undefined);
    const postgres = await startPostgres(context.resources);
    if ('reason' in postgres) {
      context.progress(`skipped on PostgreSQL: ${postgres.reason}`);
      return onSqlite;
    }
    const urlOf = (name: string) => Object.assign(new URL(postgres.url), { pathname: name }).href;
    return [...onSqlite, ...(await measureOn(context, 'list-scale-postgres', urlOf))];
  },
};

async function measureOn(
  { resources, progress }: FigureContext,
  name: string,
  databaseOf: (name: string) => string | undefined,
): Promise<Measurement[]> {
  const agent = new Agent({ keepAlive: true });
  resources.onClose(() => agent.destroy());
  const servers = {
    empty: await startServer(resources, {
      name: `${name}-empty`,
      past: none,
      databaseUrl: databaseOf('empty'),
      progress,
    }),
    full: await startServer(resources, { name: `${name}-full`, past: long, databaseUrl: databaseOf('full'), progress }),
  };
  const ratios = new Map<string, number[]>(lists.map(({ path }) => [path, []]));
  const times = new Map<string, { empty: number; full: number }>();
  for (let round = -1; round < rounds; round++) {
    if (round >= 0) progress(`${name}: round ${round + 1} of ${rounds}`);
    for (const { path, by } of lists) {
      const took = { empty: 0, full: 0 };
      for (const which of turned(['empty', 'full'] as const, round + 1)) {
        took[which] = await medianMs(agent, servers[which], path, by);
      }
      // The first one warms up.
      if (round < 0) continue;
      ratios.get(path)?.push(took.full / took.empty);
      times.set(path, took);
    }
  }
  const found = lists.map(({ path, sifted }) => {
    const { empty = 0, full = 0 } = times.get(path) ?? {};
    return { path, sifted, empty, full, ...spreadOf(ratios.get(path) ?? []) };
  });
  for (const { path, median, empty, full } of found.toSorted((a, b) => b.median - a.median)) {
    progress(`${name}: ${median.toFixed(2)} x ${path} (${empty.toFixed(2)} ms empty, ${full.toFixed(2)} ms full)`);
  }
  const ofKind = (wanted: boolean) => found.filter(({ sifted = false }) => sifted === wanted);
  return [slowestOf(name, ofKind(false)), slowestOf(`${name}-sifted`, ofKind(true))];
}

interface Found extends Spread {
  path: string;
  empty: number;
  full: number;
}

function slowestOf(name: string, found: readonly Found[]): Measurement {
  const [slowest] = found.toSorted((a, b) => b.median - a.median);
  if (!slowest) throw new Error('There are no lists');
  const { median, min, max, path, empty, full } = slowest;
  const which = `the slowest of ${found.length}: ${path.replace(`/v1/organizations/${organization}`, '…')}`;
  const note = `${which}, ${full.toFixed(2)} ms, ${empty.toFixed(2)} ms where nothing is stored`;
  return { name, value: median, unit: 'x', goal: { kind: 'atMost', value: 2 }, min, max, rounds, note };
}

interface Server {
  port: number;
  credentials: Record<Credential, string>;
}

/** A control plane alone, on its own database, with that past. */
async function startServer(
  resources: Resources,
  options: { name: string; past: Past; databaseUrl: string | undefined; progress: (line: string) => void },
): Promise<Server> {
  const { name, past, databaseUrl, progress } = options;
  const folder = await resources.folder(name);
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  if (databaseUrl) await createDatabase(databaseUrl);
  const port = await freePort();
  const env = plainEnvironment({
    PORT: String(port),
    PIPECAT_CLOUD_DATA_DIR: dataDir,
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'bench@example.com',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: organization,
    ...(databaseUrl ? { PIPECAT_CLOUD_DATABASE_URL: databaseUrl } : {}),
  });
  const start = () => startNode(resources, { name, file: join(root, 'packages/server/dist/main.js'), env, folder });
  // Once to make the database, and again on what was stored meanwhile.
  const first = await start();
  const token = readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim();
  await first.stop();
  progress(`${name}: storing ${past.agents} agents and ${past.sessions} sessions`);
  const target: Target = databaseUrl
    ? { dialect: 'postgres', url: databaseUrl }
    : { dialect: 'sqlite', file: join(dataDir, 'pipecat-cloud.db') };
  await storeManySessions(target, organization, past);
  await start();
  const client = createClient({ host: `http://127.0.0.1:${port}`, token });
  const { key } = await client.createApiKey(organization, { name: 'bench', type: 'private' });
  return { port, credentials: { token, key } };
}

async function createDatabase(url: string): Promise<void> {
  const server = Object.assign(new URL(url), { pathname: 'postgres' }).href;
  const { db } = await openUnmigrated({ dialect: 'postgres', url: server });
  await sql.raw(`create database "${new URL(url).pathname.slice(1)}"`).execute(db);
  await db.destroy();
}

/** Half of the requests, one after the other on one connection, take at most this long. */
async function medianMs(agent: Agent, server: Server, path: string, by: Credential): Promise<number> {
  const took: number[] = [];
  for (let index = 0; index < requestsEach; index++) {
    const began = performance.now();
    await ask(agent, server, path, by);
    took.push(performance.now() - began);
  }
  return spreadOf(took).median;
}

function ask(agent: Agent, { port, credentials }: Server, path: string, by: Credential): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${credentials[by]}` };
    const sent = request({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${path} answered ${response.statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end();
  });
}
