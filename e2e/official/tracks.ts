import { permissions } from '@pipecat-cloud/contract/permissions';
import type { Browser } from 'playwright-core';
import { createCli } from '../src/support/cli.js';
import { until } from '../src/support/wait.js';
import type { Results, Step } from './results.js';
import { agentSteps, lastAgentSteps } from './steps/agents.js';
import { basics } from './steps/basics.js';
import { dailySteps } from './steps/daily.js';
import { deploySteps } from './steps/deploy.js';
import { keySteps, oldKeySteps } from './steps/keys.js';
import { narrowSteps } from './steps/narrow.js';
import { newerSteps } from './steps/newer.js';
import { driveOldScript, type OldScript, setUp } from './steps/old-scripts.js';
import { sdkSteps } from './steps/sdk.js';
import { lastSecretSteps, secretSteps } from './steps/secrets.js';
import { logOut, renewal, signIn, usePat } from './steps/sign-in.js';
import { type Version, versions } from './track.js';
import type { World } from './world.js';

const middle = (world: World, version: Version): readonly Step[] => [
  ...basics,
  ...(version === '0.6.0' ? oldKeySteps : []),
  ...keySteps,
  ...secretSteps,
  ...deploySteps,
  ...agentSteps,
  ...dailySteps,
  ...(version === '0.6.0' ? [] : newerSteps(world)),
];
const end = (world: World): readonly Step[] => [...lastAgentSteps, ...lastSecretSteps, logOut(world)];

/** Every command of both versions with every credential, all at once: each works in an organization of its own. */
export async function driveAll(world: World, browser: Browser, results: Results): Promise<void> {
  await Promise.all(
    versions.flatMap((version) => [
      personal(world, version, results),
      serviceAccount(world, version, results),
      login(world, browser, version, results),
    ]),
  );
}

async function personal(world: World, version: Version, results: Results): Promise<void> {
  const track = world.track(version, 'personal');
  await results.drive(track, [usePat(world.ownerOf(track.org)), ...middle(world, version)]);
  const narrow = world.track(version, 'narrow', track.org);
  const grant = { permissions: ['org:read' as const, 'agents:read' as const] };
  const { value } = await track.api.deriveSelf({ name: 'Narrow', grant });
  Object.assign(narrow.known, track.known);
  await results.drive(narrow, [usePat(value), ...narrowSteps(version)]);
  const noSession = async () =>
    (await track.api.listSessions(track.org, 'bot')).sessions.every(({ endedAt }) => endedAt);
  await until('what the narrow token started is over', noSession);
  await results.drive(track, [...sdkSteps, ...end(world)]);
}

async function serviceAccount(world: World, version: Version, results: Results): Promise<void> {
  const track = world.track(version, 'serviceAccount');
  const { api, org } = track;
  const { serviceAccount: made } = await api.createServiceAccount(org, { name: 'conformance', role: 'admin' });
  const { value } = await api.createServiceAccountToken(org, made.id, {
    name: 'conformance',
    grant: { permissions: [...permissions] },
  });
  track.env.PIPECAT_TOKEN = value;
  await results.drive(track, [usePat(value), ...middle(world, version), ...end(world)]);
}

async function login(world: World, browser: Browser, version: Version, results: Results): Promise<void> {
  const track = world.track(version, 'login');
  await results.drive(track, [signIn(world, browser), renewal, ...middle(world, version), ...end(world)]);
}

/** The row of an old script: each published version, and ours, which must not end with 0. */
export async function oldScriptRow(world: World, script: OldScript): Promise<string[]> {
  const cells: string[] = [];
  for (const version of versions) {
    const track = world.track(version, 'personal');
    cells.push(await driveOldScript(script, track, world.ownerOf(track.org)));
  }
  const track = world.track(versions[0], 'personal');
  setUp(script, track, world.ownerOf(track.org));
  const cli = createCli({ port: world.cloud.port });
  const { code, stdout, stderr } = await cli(['agent', 'list'], { env: { HOME: track.home, ...script.env } });
  if (code !== script.ours.code || !script.ours.refusal.test(stderr.replaceAll(/\s+/g, ' '))) {
    throw new Error(`ours ended with ${code}: ${stdout}${stderr}`);
  }
  return [...cells, `refused, ends with ${code}`];
}
