import { mkdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createCredentialDigests } from '@pipecat-cloud/server/access/credential-digests';
import { openKeys } from '@pipecat-cloud/server/config/keys';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { plainEnvironment, root } from '../environment.js';
import type { Figure } from '../figure.js';
import { freePort } from '../ports.js';
import { startPostgres } from '../postgres.js';
import { startNode } from '../processes.js';
import type { Resources } from '../resources.js';
import { percentile } from '../statistics.js';
import { storeTokens } from './own-tokens.js';

const rounds = 200;
const warmUpRounds = 20;
const deadlineMs = 10_000;

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
    const tokens = await storeForRounds(postgres.url, dataDir);
    const agent = new Agent({ keepAlive: true });
    resources.onClose(() => agent.destroy());

    const delays: number[] = [];
    for (const [round, token] of tokens.entries()) {
      const status = () => statusOf(agent, { port: there, method: 'GET', path: '/v1/users', token });
      // Twice: the second answer comes from the cache, which is what must not outlive the token.
      for (const _ of [1, 2])
        if ((await status()) !== 200) throw new Error('The second control plane refuses a live token');
      const refused = firstRefusal(status);
      const revoked = await statusOf(agent, { port: here, method: 'DELETE', path: '/v1/tokens/self', token });
      const returned = performance.now();
      if (revoked !== 200) throw new Error(`The revocation was answered ${revoked}`);
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

/** Tokens to revoke, stored as the product does, by the keys that both control planes share. */
async function storeForRounds(databaseUrl: string, dataDir: string): Promise<string[]> {
  const store = createStore(await openDatabase({ dialect: 'postgres', url: databaseUrl }));
  const { peppers } = await openKeys(join(dataDir, 'keys.json'));
  const { tokens } = await storeTokens(store, createCredentialDigests(peppers), warmUpRounds + rounds);
  await store.close();
  return tokens;
}

function statusOf(
  agent: Agent,
  { port, method, path, token }: { port: number; method: string; path: string; token: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request({ agent, host: '127.0.0.1', port, method, path, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end();
  });
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
