import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '@pipecat-cloud/contract/client';
import { afterAll, expect, test } from 'vitest';
import { copyAgent, logsHave, sessionEnds, startSession } from './support/agents.js';
import { createCli } from './support/cli.js';
import { startCloud } from './support/cloud.js';
import { plainEnvironment } from './support/environment.js';
import { cleanUp, inRoot, root, temporaryFolder } from './support/paths.js';
import { freePort } from './support/ports.js';
import { processesOf, run } from './support/processes.js';
import { until } from './support/wait.js';

afterAll(cleanUp);

test("a team's own machine runs its agents with secrets that never leave it, and is turned away when its region goes", async () => {
  const cloud = await startCloud({ port: await freePort() });
  const cli = createCli({ token: cloud.token(), port: cloud.port });
  const client = cloud.client(cloud.token());
  const org = (await client.listOrganizations()).organizations[0]?.name ?? '';
  const canary = 'canary-of-the-machine-5c1e';

  await client.registerRegion(org, { regionKey: 'pce-lab', displayName: 'Our lab' });
  const { token } = await client.createEnrollmentToken(org, 'pce-lab');
  const folder = temporaryFolder('machine');
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets);
  writeFileSync(join(secrets, 'on-site.env'), `SITE_KEY=${canary}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'enrolment'), token, { mode: 0o600 });
  const worker = run(process.execPath, [inRoot('packages/worker/dist/main.js')], {
    cwd: root,
    env: plainEnvironment({
      HOME: folder,
      PIPECAT_CLOUD_CONTROL_URL: cloud.url,
      PIPECAT_CLOUD_WORKER_DIR: join(folder, 'worker'),
      PIPECAT_CLOUD_WORKER_ENROLMENT_FILE: join(folder, 'enrolment'),
      PIPECAT_CLOUD_WORKER_SECRETS_DIR: secrets,
    }),
  });
  const region = () => client.getRegion(org, 'pce-lab');
  await until('the machine is connected', async () => (await region()).workers[0]?.connected);

  await client.referenceSecretSet(org, { name: 'on-site', region: 'pce-lab' });
  await cli.ok(['deploy', '--yes', '--region', 'pce-lab', '--secrets', 'on-site'], {
    cwd: copyAgent('e2e/agents/probe'),
  });
  expect((await client.getService(org, 'probe')).region).toBe('pce-lab');
  const session = await startSession(cli, 'probe', { environment: true, seconds: 3600 });
  const log = await logsHave(cli, 'probe', session, 'SITE_KEY=', 'beat 1\n');
  expect(log).not.toContain(canary);
  // Its processes are those of the machine, and nothing of the secret is with the installation.
  expect(processesOf(join(folder, 'worker')).length).toBeGreaterThan(1);
  await cli.ok(['agent', 'stop', 'probe', '--session-id', session, '--force']);
  await sessionEnds(cli, 'probe', session);
  const database = readFileSync(join(cloud.dataDir, 'pipecat-cloud.db'), 'latin1');
  const journal = readFileSync(join(cloud.dataDir, 'pipecat-cloud.db-wal'), 'latin1');
  expect(database + journal).not.toContain(canary);

  const refusal = await client.deleteRegion(org, 'pce-lab').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ApiError);
  expect((refusal as ApiError).message).toContain("1 agent ('probe'), 1 secret set ('on-site')");
  await cli.ok(['agent', 'delete', 'probe', '--force']);
  await client.deleteSecretSet(org, 'on-site');
  await until('the region can go', () =>
    client.deleteRegion(org, 'pce-lab').then(
      () => true,
      () => false,
    ),
  );
  await until('the machine is told', () => worker.stdout().includes('refused the worker credential'));
  worker.child.kill('SIGINT');
  await worker.ended;
  expect(await cloud.stop()).toBe(0);
});
