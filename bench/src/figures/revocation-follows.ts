import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@pipecat-cloud/contract/client';
import { plainEnvironment, root } from '../environment.js';
import type { Figure } from '../figure.js';
import { freePort } from '../ports.js';
import { startNode } from '../processes.js';
import type { Resources } from '../resources.js';
import { percentile } from '../statistics.js';

const rounds = 200;
const warmUpRounds = 20;
const deadlineMs = 10_000;

type Postgres = { url: string; stop(): Promise<void> } | { reason: string };

/** From the answer of a revocation at one control plane until another, which knew the token, refuses it. */
export const revocationFollows: Figure = {
  name: 'revocation-follows',
  about: 'milliseconds until a second control plane refuses a token that was revoked at the first',
  async measure({ resources, progress }) {
    const postgres = await startPostgres(resources);
    if ('reason' in postgres) {
      progress(`skipped: ${postgres.reason}`);
      return [];
    }
    const folder = await resources.folder('revocation-follows');
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    // One after the other: the second finds what the first has made.
    const here = await startControlPlane(resources, { folder, dataDir, databaseUrl: postgres.url, name: 'first' });
    const there = await startControlPlane(resources, { folder, dataDir, databaseUrl: postgres.url, name: 'second' });
    const token = readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim();
    const client = createClient({ host: `http://127.0.0.1:${here}`, token });
    const agent = new Agent({ keepAlive: true });
    resources.onClose(() => agent.destroy());

    const delays: number[] = [];
    for (let round = 0; round < warmUpRounds + rounds; round++) {
      const { id, token: secret } = await mint(client, round);
      const status = () => statusOf(agent, there, secret);
      // Twice: the second answer comes from the cache, which is what must not outlive the token.
      for (const _ of [1, 2])
        if ((await status()) !== 200) throw new Error('The second control plane refuses a live token');
      const refused = firstRefusal(status);
      await client.revokeToken(id);
      const returned = performance.now();
      const delay = Math.max(0, (await refused) - returned);
      if (round >= warmUpRounds) delays.push(delay);
      if (round % 50 === 49) progress(`${round + 1} revocations`);
    }
    const [min, max] = [percentile(delays, 0), percentile(delays, 1)];
    const note = 'two control planes on PostgreSQL; 0 where the refusal came before the revocation had returned';
    const line = (name: string, share: number) => ({
      name,
      value: percentile(delays, share),
      unit: 'ms',
      min,
      max,
      rounds,
      note,
    });
    return [
      { ...line('revocation-follows', 0.5), goal: null },
      { ...line('revocation-follows-p99', 0.99), goal: { kind: 'atMost', value: 100 } },
    ];
  },
};

/** Asks without a pause; resolves with the moment at which the first refusal was there. */
async function firstRefusal(status: () => Promise<number>): Promise<number> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline) {
    const answer = await status();
    if (answer === 401) return performance.now();
    if (answer !== 200) throw new Error(`The second control plane answered ${answer}`);
  }
  throw new Error(`A revoked token was accepted for ${deadlineMs / 1000} s`);
}

async function mint(client: ReturnType<typeof createClient>, round: number): Promise<{ id: string; token: string }> {
  const created = await client.createToken({ name: `Round ${round}` });
  return { id: created.token.id, token: created.value };
}

function statusOf(agent: Agent, port: number, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request({ agent, host: '127.0.0.1', port, path: '/v1/users', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end();
  });
}

/** A private server for this run, or the reason why the machine can't have one. */
async function startPostgres(resources: Resources): Promise<Postgres> {
  const file = pathToFileURL(join(root, 'scripts/lib/postgres.mjs')).href;
  const { startPostgres: start } = (await import(file)) as { startPostgres(signal?: AbortSignal): Promise<Postgres> };
  const postgres = await start();
  if ('stop' in postgres) resources.onClose(postgres.stop);
  return postgres;
}

/** Resolves with its port. Both share the data folder, and so the keys. */
async function startControlPlane(
  resources: Resources,
  { folder, dataDir, databaseUrl, name }: { folder: string; dataDir: string; databaseUrl: string; name: string },
): Promise<number> {
  const port = await freePort();
  const env = plainEnvironment({
    PORT: String(port),
    PIPECAT_CLOUD_DATA_DIR: dataDir,
    PIPECAT_CLOUD_DATABASE_URL: databaseUrl,
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'bench@example.com',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: 'bench',
  });
  const file = join(root, 'packages/server/dist/main.js');
  await startNode(resources, { name: `${name} control plane`, file, env, folder });
  return port;
}
