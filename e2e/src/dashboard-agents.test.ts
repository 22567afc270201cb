import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@pipecat-cloud/contract/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, sessionEnds } from './support/agents.js';
import { accessibilityProblems, isForgotten, leavesNoTrace, openBrowser, openTab, says } from './support/browser.js';
import { createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { acceptInvitation, type Person, signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const org = 'my-team';

describe.skipIf(lacking)(`agents in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let client: Client;
  let browser: Browser;
  let owner: Person;
  let page: Page;
  let folder: string;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    client = cloud.client(cloud.token());
    owner = await signInOwner(cloud);
    browser = await openBrowser();
    page = await openTab(browser, cloud.url, { person: owner, problems });
    folder = copyAgent('e2e/agents/probe');
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const cli = () => createCli({ token: cloud.token(), port: cloud.port });
  const button = (name: string | RegExp, options = {}) => page.getByRole('button', { name, ...options });
  const link = (name: string) => page.getByRole('link', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const service = () => client.getService(org, 'probe');
  const short = (id: string | null | undefined) => (id ?? '').slice(0, 8);
  async function visit(path: string, heading: string): Promise<void> {
    await page.goto(`/orgs/${org}/${path}`);
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  }
  async function choose(name: string, item: string): Promise<void> {
    await button(`Actions for ${name}`).click();
    await page.getByRole('menuitem', { name: item }).click();
  }
  /** The deployment that was asked for last, once it is live. */
  const settles = () =>
    until('the deployment is live', async () => {
      const { ready, desiredDeploymentId, activeDeploymentId } = await service();
      return ready && desiredDeploymentId === activeDeploymentId && activeDeploymentId;
    });

  test('a secret set is made, a value typed and gone, replaced; an image pull secret too', async () => {
    const value = 'canary-of-the-dashboard-4e1f';
    await visit('secrets', 'Secret sets');
    await page.getByText('No secret sets yet').waitFor();
    await button('New secret set').click();
    await dialog().getByLabel('Name').fill('voices');
    await dialog().getByLabel('Key', { exact: true }).fill('VOICE_KEY');
    expect(await dialog().getByLabel('Value').getAttribute('type')).toBe('password');
    await dialog().getByLabel('Value').fill(value);
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Create', { exact: true }).click();
    await page.getByRole('heading', { name: 'voices', level: 1 }).waitFor();
    await page.getByText('VOICE_KEY').waitFor();
    await page.getByText('No agent', { exact: true }).waitFor();
    await leavesNoTrace(page, value);
    await isForgotten(page, value);

    await button('Add a key').click();
    await dialog().getByLabel('Key', { exact: true }).fill('SECOND');
    await dialog().getByLabel('Value').fill('two');
    await button('Add', { exact: true }).click();
    await says(page, 'SECOND is added.');
    await choose('SECOND', 'Delete');
    await button('Delete key').click();
    await says(page, 'SECOND is deleted.');
    expect((await client.getSecretSet(org, 'voices')).secrets).toEqual([{ fieldName: 'VOICE_KEY' }]);

    await visit('secrets', 'Secret sets');
    await button('New image pull secret').click();
    await dialog().getByLabel('Name').fill('registry');
    await dialog().getByLabel('Registry').fill('ghcr.io');
    await dialog().getByLabel('User').fill('ann');
    await dialog().getByLabel('Password').fill('pässword');
    await button('Create', { exact: true }).click();
    await page.getByRole('heading', { name: 'registry', level: 1 }).waitFor();
    const { sets } = await client.listSecretSets(org);
    expect(sets.map(({ name, type }) => [name, type])).toEqual([
      ['registry', 'imagePullSecret'],
      ['voices', 'secret'],
    ]);
  });

  test('a first agent appears, with its build, what is warm and why, and its sessions', async () => {
    await visit('agents', 'Agents');
    await page.getByText('No agents yet').waitFor();
    await cli().ok(['deploy', '--yes', '--min-agents', '1'], { cwd: folder });
    // Nobody loads the page anew.
    await link('probe').waitFor();
    await page.getByRole('table', { name: 'Agents' }).getByText('Ready', { exact: true }).waitFor();
    await page.getByLabel('Search by name').fill('other');
    await page.getByText('No agent matches').waitFor();
    await until('the filter stands in the address', () => page.url().includes('q=other'));
    await page.reload();
    await page.getByText('No agent matches').waitFor();
    await button('Show all').click();
    await link('probe').click();
    await page.getByRole('heading', { name: 'probe', level: 1 }).waitFor();
    await page.getByText('Why so many: 1 idle instance is kept: min_agents is 1').waitFor();
    await page.getByText('No sessions yet').waitFor();
    const { sessionId } = await client.startSession(org, 'probe', { body: { seconds: 600 } });
    const session = link(sessionId);
    await session.waitFor();
    expect(await session.getAttribute('href')).toBe(`/orgs/${org}/agents/probe/sessions/${sessionId}`);
    await page.getByText(/(Warm|Cold) starts:/).waitFor();
    await client.stopSession(org, 'probe', sessionId);
    await page.getByRole('table', { name: 'Latest sessions' }).getByText('Stopped').waitFor();
    expect((await cli().ok(['open', 'probe', '--print'])).stdout.trim()).toBe(`${cloud.url}/orgs/${org}/agents/probe`);
  });

  test('a limit holds without a deployment; a profile makes one, which is held, compared, promoted and rolled back', async () => {
    const first = (await service()).activeDeploymentId;
    const changes: string[] = [];
    page.on('request', (request) => void (request.method() === 'PUT' && changes.push(request.url())));
    await page.getByRole('link', { name: 'Settings' }).last().click();
    await page.getByLabel('Kept warm').fill('9');
    await page.getByText('No more can be kept warm').waitFor();
    await button('Save limits').click();
    await page.getByLabel('Kept warm').fill('0');
    await page.getByLabel('Replaced after so many sessions').fill('5');
    await button('Save limits').click();
    await says(page, 'without a new deployment');
    // The one that could not be was not even sent.
    expect(changes).toHaveLength(1);
    expect(await service()).toMatchObject({
      desiredDeploymentId: first,
      autoScaling: { minReplicas: 0 },
      reuse: { maxSessions: 5 },
    });

    await page.getByLabel('Days').fill('7');
    await button('Save for logs').click();
    await page.getByText('Now in force: 7 days').waitFor();
    expect(await client.getLogRetention(org, 'probe')).toMatchObject({ days: 7, megabytes: null });

    await page.getByLabel('Profile').selectOption('agent-2x');
    await button('Deploy the change').click();
    await dialog().getByLabel('How it takes over').selectOption('hold');
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Deploy', { exact: true }).click();
    await says(page, /Deployment [0-9a-f]{8} is being made ready/);
    const second = (await service()).desiredDeploymentId;
    expect(second).not.toBe(first);
    await page.getByRole('link', { name: 'Deployments' }).click();
    await page.getByText('is ready, and takes no session until it is promoted').waitFor();
    const history = page.getByRole('table', { name: 'Deployments' });
    await history.getByText('agent-1x → agent-2x').waitFor();
    await history.getByText('by owner@example.com').first().waitFor();

    await choose(short(second), 'Compare with the live one');
    const differences = page.getByRole('table', { name: 'Differences' });
    for (const row of [/Profile.*agent-1x.*agent-2x/, /CPU.*500m.*1/, /Memory.*1Gi.*2Gi/]) {
      await differences.getByRole('row').filter({ hasText: row }).waitFor();
    }
    // The first is the head.
    expect(await differences.getByRole('row').count()).toBe(4);
    await until('the address names it', () => new URL(page.url()).searchParams.get('from') === second);

    await button('Promote').click();
    await dialog().getByLabel('Share of the new sessions').fill('25');
    expect(await accessibilityProblems(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Promote' }).click();
    await page.getByText('Canary, 25 %').waitFor();
    await dialog().waitFor({ state: 'detached' });
    expect(await service()).toMatchObject({ activeDeploymentId: first, rollout: { canaryPercent: 25 } });
    await button('Promote').click();
    await dialog().getByRole('button', { name: 'Promote' }).click();
    await page.getByText('None waits to take over').waitFor();
    await dialog().waitFor({ state: 'detached' });
    expect(await settles()).toBe(second);
    await choose(short(first), 'Roll back to it');
    await dialog().getByText('Sessions that run go on').waitFor();
    await button('Roll back', { exact: true }).click();
    // The dialog says the same of what is to come.
    await dialog().waitFor({ state: 'detached' });
    await page.getByText(`${short(first)} takes every new session`).waitFor();
    await until('the first one is live again', async () => {
      const { activeDeploymentId, desiredDeploymentId } = await service();
      return activeDeploymentId === first && desiredDeploymentId === first;
    });
  });

  test('resources are stated in place of a profile', async () => {
    await page.getByRole('link', { name: 'Settings' }).last().click();
    await page.getByLabel('Profile').selectOption({ label: 'None: resources of its own' });
    await page.getByLabel('Processor').fill('750m');
    await page.getByLabel('Memory', { exact: true }).fill('much');
    await button('Deploy the change').click();
    await page.getByLabel('Memory', { exact: true }).fill('1536Mi');
    await button('Deploy the change').click();
    await dialog().getByLabel('How it takes over').selectOption('hold');
    await button('Deploy', { exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    const { manifest } = (await client.listDeployments(org, 'probe')).deployments[0] ?? {};
    expect(manifest?.spec.resources).toEqual({ cpu: '750m', memory: '1536Mi' });
  });

  test('a secret set is attached, and says then who uses it', async () => {
    await page.getByRole('link', { name: 'Secrets', exact: true }).click();
    await page.getByText('No secret set is attached').waitFor();
    await page.getByLabel('Attach a secret set').selectOption('voices');
    await button('Attach').first().click();
    await button('Deploy', { exact: true }).click();
    await page.getByRole('list', { name: 'Keys of voices' }).getByText('VOICE_KEY').waitFor();
    await settles();
    await link('voices').click();
    await link('probe').waitFor();
    await button('Delete').click();
    await dialog().getByText('it is not deleted while that is so').waitFor();
    await dialog().getByLabel('Type “voices”').fill('voices');
    await button('Delete set').click();
    await dialog().getByText("is used by 'probe'").waitFor();
    await button('Keep it').click();
  });

  test('a deployment that fails says what is wrong and how to mend it, with its build’s log, and is cleared', async () => {
    writeFileSync(join(folder, 'bot.ts'), "throw new Error('<b>no voice</b> today');\n");
    expect((await cli()(['deploy', '--yes'], { cwd: folder })).code).toBe(1);
    await visit('agents', 'Agents');
    await page.getByText('Running, last deploy failed').waitFor();
    await link('How to mend it').click();
    await page.getByText('Mend the agent and deploy again').waitFor();
    await link('Deployments').click();
    await page.getByRole('table', { name: 'Deployments' }).getByText('Failed', { exact: true }).waitFor();
    await page
      .getByRole('link', { name: /^Build / })
      .first()
      .click();
    await page.getByText('Built', { exact: true }).waitFor();
    await page.getByRole('log', { name: 'Log of the build' }).waitFor();
    await page.getByText('owner@example.com').first().waitFor();
    await page.goBack();
    await button('Clear it').click();
    await button('Clear', { exact: true }).click();
    await page.getByText('None waits to take over').waitFor();
    await until('it is cleared', async () => (await service()).errors.length === 0);
  });

  test('a build is followed while it runs and to its end, and another is cancelled', async () => {
    const slow = copyAgent('e2e/agents/probe');
    const signal = join(slow, '..', 'go-on');
    // Goes on when the test says so, and fails then: no agent is to come of it.
    const step = `console.log('step one'); const look = () => {
      if (!require('fs').existsSync(process.argv[1])) return setTimeout(look, 50);
      console.log('step two'); process.exitCode = 1;
    }; look();`.replaceAll('\n', ' ');
    writeFileSync(
      join(slow, 'pcc-deploy.toml'),
      `agent_name = "slow"\n[local]\ncommand = ["node", "bot.ts"]\nsetup = [${JSON.stringify(['node', '-e', step, signal])}]\n`,
    );
    const deploy = () => cli()(['deploy', '--yes'], { cwd: slow });
    const builds = page.getByRole('table', { name: 'Builds' });
    const building = builds.getByRole('row').filter({ hasText: 'Building' });

    await visit('builds', 'Builds');
    const followed = deploy();
    await building.getByRole('link').click();
    const log = page.getByRole('log', { name: 'Log of the build' });
    await log.getByText('step one').waitFor();
    expect(await log.textContent()).not.toMatch(/^step two/m);
    writeFileSync(signal, '');
    await page.getByText('Failed', { exact: true }).waitFor();
    await until('the last line is there', async () => /^step two/m.test((await log.textContent()) ?? ''));
    expect((await followed).code).not.toBe(0);

    rmSync(signal);
    writeFileSync(join(slow, 'another'), 'so that it is another build');
    await visit('builds', 'Builds');
    const cancelled = deploy();
    await building.getByRole('button', { name: 'Cancel' }).click();
    await button('Cancel the build').click();
    await builds.getByText('The build was cancelled').waitFor();
    expect((await cancelled).code).not.toBe(0);
    await page.getByLabel('State').selectOption('success');
    await builds.getByText('The build was cancelled').waitFor({ state: 'detached' });
    await until('the filter stands in the address', () => page.url().includes('status=success'));
  });

  test('a region is registered, gets a machine’s token that is shown once, and is deleted', async () => {
    await visit('regions', 'Regions');
    await page.getByText('No regions of your own').waitFor();
    await button('Register a region').click();
    await dialog().getByLabel('Key').fill('pce-lab');
    await dialog().getByLabel('Name for people').fill('Our lab');
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Register', { exact: true }).click();
    await page.getByText('Waits for its first machine').waitFor();
    // Of a set whose values stay on its machines only the name is told; the server asks one of them.
    await visit('secrets', 'Secret sets');
    await button('New secret set').click();
    await dialog().getByLabel('Name').fill('lab-keys');
    await dialog().getByLabel('Region').selectOption('pce-lab');
    await dialog().getByLabel('Its values').selectOption('machines');
    await dialog().getByText('lab-keys.env').waitFor();
    expect(await dialog().getByLabel('Value', { exact: true }).count()).toBe(0);
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Create', { exact: true }).click();
    await dialog().getByText("No worker of region 'pce-lab' is connected").waitFor();
    await visit('regions', 'Regions');
    await button('Add a machine to pce-lab').click();
    await dialog().getByText('PIPECAT_CLOUD_WORKER_ENROLMENT_FILE').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const token = (await dialog().locator('pre').first().textContent()) ?? '';
    expect(token.length).toBeGreaterThan(20);
    await button('I have copied it').click();
    await leavesNoTrace(page, token);
    await button('Change').click();
    await dialog().getByLabel('Name for people').fill('Our other lab');
    await button('Save').click();
    await page.getByRole('heading', { name: 'Our other lab' }).waitFor();
    await button('Delete pce-lab').click();
    await dialog().getByLabel('Type “pce-lab”').fill('pce-lab');
    await button('Delete region').click();
    await page.getByText('No regions of your own').waitFor();
    expect((await client.listRegions(org)).regions).toHaveLength(1);
  });

  test('a viewer sees all of it, and is offered no change', async () => {
    const { link: invitation } = await owner.createInvitation(org, { email: 'eve@example.com', role: 'viewer' });
    const eve = await acceptInvitation(cloud, invitation);
    const tab = await openTab(browser, cloud.url, { person: eve, problems });
    const changes = /Promote|Roll back|Delete|Attach|Save|Deploy the|New |Add |Register|Cancel/;
    for (const [path, text] of [
      ['agents/probe', 'Warm instances'],
      ['agents/probe/deployments', 'None waits to take over'],
      ['agents/probe/secrets', 'VOICE_KEY'],
      ['agents/probe/settings', 'changing them takes the role developer'],
      ['secrets/voices', 'VOICE_KEY'],
      ['builds', 'owner@example.com'],
      ['regions', 'Of the installation'],
    ] as const) {
      await tab.goto(`/orgs/${org}/${path}`);
      await tab.getByText(text).first().waitFor();
      expect([path, await tab.getByRole('button', { name: changes }).count()]).toEqual([path, 0]);
    }
    await tab.context().close();
  });

  test('a session whose agent ended in it says so, with the exit code: to programs, in its log, and on its page', async () => {
    const { sessionId } = await client.startSession(org, 'probe', { body: { seconds: 1, exitWith: 3 } });
    const detail = 'The instance ended with exit code 3';
    expect(await sessionEnds(cli(), 'probe', sessionId)).toMatchObject({
      ...{ endReason: 'instance_exited', completionStatus: 'INSTANCE_EXITED', endState: 'agent_error' },
      endDetail: detail,
    });
    const shown = await cli().ok(['agent', 'sessions', 'probe', '--id', sessionId]);
    expect(shown.stdout).toMatch(new RegExp(`^Ended by +instance_exited\nBecause +${detail}$`, 'm'));
    await logsHave(cli(), 'probe', sessionId, `[pipecat-cloud] Session ended: ${detail}`);
    await visit(`agents/probe/sessions/${sessionId}`, 'Session');
    await page.getByText('instance_exited', { exact: true }).waitFor();
    await page.getByText(detail, { exact: true }).waitFor();
  });

  test('an agent is deleted once its name is typed', async () => {
    await visit('agents/probe/settings', 'probe');
    await button('Delete the agent').click();
    expect(await button('Delete agent').isDisabled()).toBe(true);
    await dialog().getByLabel('Type “probe”').fill('probe');
    await button('Delete agent').click();
    await says(page, 'probe is deleted.');
    await page.getByText('No agents yet').waitFor();
    await visit('agents/probe', 'probe');
    await page.getByText('There is no agent probe here').waitFor();
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
