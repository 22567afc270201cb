import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, openTab, says } from './support/browser.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { type Person, signInOwner } from './support/person.js';

const lacking = missing('chromium');
const org = 'my-team';

/** What a window shows is older than what somebody else has saved: its reads do not come through, its changes do. */
async function goesStale(page: Page): Promise<void> {
  const stall = (route: Route) => (route.request().method() === 'GET' ? route.abort() : route.continue());
  await page.route('**/v1/**', stall);
}
const readsAgain = (page: Page) => page.unroute('**/v1/**');

describe.skipIf(lacking)(`what happens meanwhile, in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let owner: Person;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    owner = await signInOwner(cloud);
    await owner.createService(org, { serviceName: 'echo', image: 'example/echo:1', autoScaling: { maxAgents: 5 } });
    browser = await openBrowser();
    page = await openTab(browser, cloud.url, { person: owner, problems });
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  async function visit(path: string, heading: string, shows: string): Promise<void> {
    await readsAgain(page);
    await page.goto(`/orgs/${org}/${path}`);
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
    await page.getByText(shows).first().waitFor();
  }

  test('limits that were saved elsewhere stay, whatever else is saved here', async () => {
    await visit('agents/echo/settings', 'echo', 'Kept warm');
    await goesStale(page);
    await owner.updateService(org, {
      ...{ serviceName: 'echo', autoScaling: { maxAgents: 9 }, websocketAuth: 'none' },
      reuse: { policy: 'reuse', maxSessions: 7 },
    });
    await page.getByLabel('Kept warm').fill('1');
    await button('Save limits').click();
    await says(page, 'without a new deployment');
    expect(await owner.getService(org, 'echo')).toMatchObject({
      ...{ autoScaling: { minReplicas: 1, maxReplicas: 9 }, websocketAuth: 'none' },
      reuse: { policy: 'reuse', maxSessions: 7 },
    });
  });

  test('of how long logs are kept, what was saved elsewhere stays', async () => {
    await visit('agents/echo/settings', 'echo', 'Now in force');
    await owner.putLogRetention(org, 'echo', { days: null, megabytes: 64 });
    await page.getByLabel('Days').fill('3');
    await button('Save for logs').click();
    await says(page, 'Older lines go');
    expect(await owner.getLogRetention(org, 'echo')).toMatchObject({ days: 3, megabytes: 64 });
  });

  test('a role that was taken away elsewhere does not come back with a description', async () => {
    const { serviceAccount } = await owner.createServiceAccount(org, { name: 'ci', role: 'admin' });
    await visit(`service-accounts/${serviceAccount.id}`, 'ci', 'admin:');
    await button('Change').click();
    expect(await button('Save').isDisabled()).toBe(true);
    await goesStale(page);
    await owner.updateServiceAccount(org, serviceAccount.id, { role: 'viewer' });
    await dialog().getByLabel('Description').fill('Deploys from GitHub');
    await button('Save').click();
    await says(page, 'ci is changed.');
    expect((await owner.getServiceAccount(org, serviceAccount.id)).serviceAccount).toMatchObject({
      ...{ role: 'viewer', description: 'Deploys from GitHub' },
    });
  });

  test('of a region, what was changed elsewhere stays', async () => {
    await owner.registerRegion(org, { regionKey: 'pce-lab', displayName: 'Lab' });
    await visit('regions', 'Regions', 'Lab');
    await button('Change').click();
    await goesStale(page);
    await owner.registerRegion(org, { regionKey: 'pce-lab', displayName: 'Laboratory' });
    await dialog().getByLabel('Public address of its sockets').fill('wss://lab.example.com');
    await button('Save').click();
    await says(page, 'pce-lab is changed.');
    expect(await owner.getRegion(org, 'pce-lab')).toMatchObject({
      ...{ display_name: 'Laboratory', ws_public_endpoint: 'wss://lab.example.com' },
    });
  });

  test('a secret set that was deleted elsewhere does not come back with a key, nor is one overwritten by a new one', async () => {
    await owner.putSecret(org, 'voices', { secretKey: 'FIRST', secretValue: 'one' });
    await visit('secrets/voices', 'voices', 'FIRST');
    await goesStale(page);
    await owner.deleteSecretSet(org, 'voices');
    await button('Add a key').click();
    await dialog().getByLabel('Key', { exact: true }).fill('SECOND');
    await dialog().getByLabel('Value').fill('two');
    await button('Add').click();
    await dialog().getByText("There is no secret set 'voices', and nothing was kept").waitFor();
    expect((await owner.listSecretSets(org)).sets).toEqual([]);

    await visit('secrets', 'Secret sets', 'No secret sets yet');
    await goesStale(page);
    await owner.putSecret(org, 'voices', { secretKey: 'FIRST', secretValue: 'one' });
    await button('New secret set').click();
    await dialog().getByLabel('Name').fill('voices');
    await dialog().getByLabel('Key', { exact: true }).fill('FIRST');
    await dialog().getByLabel('Value').fill('another');
    await button('Create').click();
    await dialog().getByText("There is a secret set 'voices' already, and nothing was changed").waitFor();
  });

  describe('a page that is opened', () => {
    const link = () => page.getByRole('link', { name: 'Builds', exact: true });
    const notFetched = () => page.getByRole('heading', { name: 'This page could not be fetched' }).waitFor();

    test('while the server is away says so beside the navigation, and comes once the server is back', async () => {
      await visit('settings', 'Settings', 'Name for people');
      // As where nothing listens: a page that is loaded anew has nothing to show either.
      await page.context().route('**/*', (route) => route.abort('connectionrefused'));
      await link().click();
      await notFetched();
      expect(await link().isVisible()).toBe(true);
      await button('Try again').click();
      await notFetched();
      await page.context().unroute('**/*');
      await button('Try again').click();
      await page.getByRole('heading', { name: 'Builds', level: 1 }).waitFor();
    });

    test('after an update of the server is loaded anew by a button', async () => {
      await visit('settings', 'Settings', 'Name for people');
      // Its file had another name before.
      await page.context().route('**/assets/webhooks-page*', (route) => route.fulfill({ status: 404 }));
      await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
      await notFetched();
      await page.context().unroute('**/assets/webhooks-page*');
      await button('Load it anew').click();
      await page.getByRole('heading', { name: 'Webhooks', level: 1 }).waitFor();
    });
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
