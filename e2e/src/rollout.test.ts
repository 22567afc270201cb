import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '@pipecat-cloud/contract/agents';
import type { Client } from '@pipecat-cloud/contract/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, startSession } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { readDatabase } from './support/database.js';
import { cleanUp, inRoot } from './support/paths.js';
import { until } from './support/wait.js';

const org = 'my-team';
const deploys = 20;

let cloud: Cloud;
let cli: Cli;
let client: Client;
let folder: string;

beforeAll(async () => {
  cloud = await startCloud();
  cli = createCli({ token: cloud.token(), port: cloud.port });
  client = cloud.client(cloud.token());
  folder = copyAgent('e2e/agents/probe');
});
afterAll(async () => {
  await cloud.stop();
  await cleanUp();
});

/** Short sessions, so many at a time, one after the other until told to stop. None may be refused. */
function load(atOnce: number) {
  const started: string[] = [];
  let over = false;
  async function caller(): Promise<void> {
    while (!over) {
      const { sessionId } = await client.startSession(org, 'probe', { body: { seconds: 0.2 } });
      started.push(sessionId);
      await until(`session ${sessionId} ends`, async () => {
        return (await client.getSession(org, 'probe', sessionId)).state === 'ended';
      });
    }
  }
  const callers = Promise.all(Array.from({ length: atOnce }, caller));
  // Whoever waits for it sees the failure; until then it must not end the process.
  callers.catch(() => undefined);
  return {
    started,
    async stop(): Promise<void> {
      over = true;
      await callers;
    },
  };
}

describe('deploys in a row, while sessions are held and others begin', () => {
  /** Resolves once the deployment takes sessions, or has failed; with the state in the end. */
  const settled = ({ desiredDeploymentId: wanted }: Service) =>
    until(`deployment ${wanted} is ready`, async () => {
      const service = await client.getService(org, 'probe');
      const { desiredDeploymentId, reconciledDeploymentId, ready, errors } = service;
      if (errors.length > 0) return service;
      return desiredDeploymentId === wanted && reconciledDeploymentId === wanted && ready ? service : undefined;
    });

  test(`${deploys} of them end no session and refuse no start; one that fails takes none`, {
    timeout: 600_000,
  }, async () => {
    const scaling = { minAgents: 1, maxAgents: 12 };
    await cli.ok(['deploy', '--yes', '--min-agents', '1', '--max-agents', '12'], { cwd: folder });
    const good = (await client.getService(org, 'probe')).deployment?.buildId ?? '';
    const held = [await startSession(cli, 'probe', { seconds: 3600 })];
    const short = load(2);

    let failed: Service | undefined;
    for (let n = 1; n <= deploys; n++) {
      if (n === deploys / 2) {
        const broken = copyAgent('e2e/agents/probe');
        writeFileSync(join(broken, 'bot.ts'), "throw new Error('this one does not start');\n");
        const outcome = await cli(['deploy', '--yes', '--min-agents', '1', '--max-agents', '12'], { cwd: broken });
        expect(outcome).toMatchObject({
          code: 1,
          stderr: expect.stringContaining('previous deployment goes on serving'),
        });
        failed = await client.getService(org, 'probe');
        expect(failed).toMatchObject({ available: true, ready: false, rollout: { state: 'failed' } });
      }
      const asked = await client.updateService(org, {
        ...{ serviceName: 'probe', buildId: good, autoScaling: scaling, maxSessionDuration: 3600 + n },
      });
      // The first look after the answer must not take the older deployment for the new one.
      expect(asked).toMatchObject({ available: true, ready: false, activeDeploymentReady: false, errors: [] });
      // Every second one is replaced by the next before it is ready.
      if (n % 2 === 1) continue;
      expect(await settled(asked)).toMatchObject({ activeDeploymentId: asked.desiredDeploymentId, errors: [] });
      if (n === deploys / 5 || n === deploys) held.push(await startSession(cli, 'probe', { seconds: 3600 }));
    }
    await short.stop();

    const sessions = readDatabase(
      cloud.dataDir,
      'select id, deployment_id, state, end_reason from session order by created_at',
    ) as { id: string; deployment_id: string; state: string; end_reason: string | null }[];
    const heldNow = sessions.filter(({ id }) => held.includes(id));
    expect(heldNow.map(({ state }) => state)).toEqual(['active', 'active', 'active']);
    expect(new Set(heldNow.map(({ deployment_id }) => deployment_id)).size).toBe(3);
    const ended = sessions.filter(({ id }) => !held.includes(id));
    expect(ended.map(({ id }) => id).sort()).toEqual(short.started.toSorted());
    expect(new Set(ended.map(({ end_reason }) => end_reason))).toEqual(new Set(['completed']));
    // There was a load on most of them, and none on the one that failed.
    const serving = new Set(sessions.map(({ deployment_id }) => deployment_id));
    expect(serving.size).toBeGreaterThan(deploys / 4);
    expect(serving.has(failed?.desiredDeploymentId ?? '')).toBe(false);

    // Each of those that are held is still there to be heard, and ends when it is asked to.
    for (const id of held) {
      const beats = (await logsHave(cli, 'probe', id, 'beat 1')).match(/beat \d+$/gm)?.length ?? 0;
      await logsHave(cli, 'probe', id, `beat ${beats + 1}`);
      await client.stopSession(org, 'probe', id);
    }
    const live = (await client.getService(org, 'probe')).activeDeploymentId;
    await until('what is left is one warm instance of the live deployment', () => {
      const slots = readDatabase(cloud.dataDir, 'select spare, state, deployment_id from slot') as {
        spare: number;
        state: string;
        deployment_id: string | null;
      }[];
      const kept = slots.filter(({ state }) => state !== 'empty');
      const idle = kept.filter(({ state, deployment_id }) => state === 'ready' && deployment_id === live);
      return slots.length === 13 && kept.length === idle.length && idle.length >= 1;
    });
  });
});

test('the lines of docs/deploying.md about rollouts do what the page says', { timeout: 600_000 }, async () => {
  const page = readFileSync(inRoot('docs/deploying.md'), 'utf8');
  const lines = [...page.matchAll(/^```sh rollout\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) =>
    text.trim().split('\n'),
  );
  const said: Record<string, string> = {
    '--strict': 'Ready: probe is updated.',
    '--canary 10%': 'It takes 10% of the new sessions until: pipecat cloud agent promote probe',
    '--canary 50%': 'takes 50% of the new sessions',
    status: 'canary: the new deployment takes 50% of the new sessions',
    '--no-promote': 'It takes no session until: pipecat cloud agent promote probe',
    rollback: 'Rolled back:',
    history: 'retired',
  };
  expect(lines.length).toBeGreaterThan(7);
  for (const line of lines) {
    const args = line.replace('pipecat cloud ', '').split(' ');
    const { stdout } = await cli.ok(args, { cwd: folder });
    for (const [word, text] of Object.entries(said)) if (line.includes(word)) expect(stdout).toContain(text);
    if (/agent promote$/.test(line)) expect(stdout).toContain('Promoted:');
  }
  // The last was made ready, promoted and rolled back from.
  await until('the one before is live again', async () => {
    const { deployments } = await cli.json<{ deployments: { state: string; changes: { to: string }[] }[] }>(
      ['agent', 'history'],
      { cwd: folder },
    );
    const latest = deployments.slice(0, 2).map(({ state, changes }) => `${state} ${changes.at(-1)?.to}`);
    return latest.join() === 'retired 1200,live 900';
  });
  expect(await cli(['agent', 'promote'], { cwd: folder })).toMatchObject({ code: 9 });
});
