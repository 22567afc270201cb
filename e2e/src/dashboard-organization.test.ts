import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from './support/api.js';
import { clipboard, isForgotten, leavesNoTrace, openBrowser, openTab, says } from './support/browser.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { acceptInvitation, type Person, signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const org = 'my-team';

describe.skipIf(lacking)(`an organization in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let owner: Person;
  let dana: Person;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    owner = await signInOwner(cloud);
    browser = await openBrowser();
    page = await openTab(browser, cloud.url, { person: owner, problems });
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const dialog = () => page.getByRole('dialog');
  async function visit(path: string, heading: string): Promise<void> {
    await page.goto(`/orgs/${org}/${path}`);
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  }
  async function choose(name: string, item: string): Promise<void> {
    await button(`Actions for ${name}`).click();
    await page.getByRole('menuitem', { name: item }).click();
  }
  const answers = (token: string, path = '/v1/users') => call(cloud.url, 'GET', path, { token });

  test('somebody is invited, comes by the link, and gets another role', async () => {
    await visit('members', 'Members');
    await button('Invite somebody').click();
    await dialog().getByLabel('E-mail address').fill('dana@example.com');
    await dialog().getByLabel('Role').selectOption('viewer');
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await button('Copy the link').click();
    const link = await clipboard(page, /\/invite#code=/);
    await button('Done').click();
    await leavesNoTrace(page, link.split('code=')[1] ?? '');
    await page.getByText('pending').waitFor();

    dana = await acceptInvitation(cloud, link);
    await page.reload();
    await page.getByText('accepted').waitFor();
    await page.getByLabel('Role of dana@example.com').selectOption('developer');
    await says(page, 'dana@example.com is developer now.');
    expect((await dana.listOrganizations()).organizations[0]).toMatchObject({ name: org, role: 'developer' });

    // The last owner can't make themselves less; the page says why, and the role stays.
    await page.getByLabel('Role of owner@example.com').selectOption('viewer');
    await page.getByText('is the last owner').waitFor();
    await until('the role stays', async () => {
      return (await page.getByLabel('Role of owner@example.com').inputValue()) === 'owner';
    });
  });

  test('a service account gets a token, is disabled and enabled', async () => {
    await visit('service-accounts', 'Service accounts');
    await page.getByText('pipecat cloud service-accounts create ci --role developer').waitFor();
    await button('New service account').click();
    await dialog().getByLabel('Name').fill('ci');
    await dialog().getByLabel('Description').fill('Deploys from GitHub');
    await button('Create account').click();
    await page.getByRole('heading', { name: 'ci', level: 1 }).waitFor();
    await button('New token').click();
    await dialog().getByLabel('Name').fill('deploy echo');
    await dialog().getByLabel('Only these agents').fill('echo');
    await dialog().getByText('deploy agents').first().waitFor();
    await button('Create token').click();
    await button('Copy the token').click();
    const token = await clipboard(page, /^pcc_pat_sa_[0-9a-f]{48}$/);
    await button('I have copied it').click();
    expect((await answers(token)).status).toBe(200);
    await page.getByText('Deploys from CI').waitFor();
    await button('Disable').click();
    await page.getByText('Disabled: its tokens are refused').waitFor();
    expect((await answers(token)).status).toBe(401);
    await button('Enable').click();
    await page.getByText('Enabled', { exact: true }).waitFor();
    expect((await answers(token)).status).toBe(200);
  });

  test('a private key is shown once, a public one always; rotated and revoked', async () => {
    await visit('keys', 'API keys');
    await button('New private key').click();
    await dialog().getByLabel('Name').fill('backend');
    await button('Create key').click();
    await button('Copy the key').click();
    const key = await clipboard(page, /^sk_[0-9a-f]{48}$/);
    await button('I have copied it').click();
    expect((await answers(key, '/v1/agents')).status).toBe(200);
    await leavesNoTrace(page, key);
    await page.evaluate("navigator.clipboard.writeText('')");
    await button('New public key').click();
    await dialog().getByLabel('Name').fill('website');
    await button('Create key').click();
    await button('I have copied it').click();
    await page.getByText(/^pk_[0-9a-f]{48}$/).waitFor();
    await choose('backend', 'Rotate');
    await button('Rotate key').click();
    await button('I have copied it').click();
    expect((await answers(key, '/v1/agents')).status).toBe(401);
    await choose('backend', 'Revoke');
    await button('Revoke key').click();
    await says(page, 'The key “backend” is revoked.');
    await page.getByText('Revoked', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Members' }).click();
    await page.getByRole('heading', { name: 'Members' }).waitFor();
    await isForgotten(page, key);
  });

  test('a policy shows what it would stop before it is set', async () => {
    const made = await dana.createToken({ name: 'Without end', expiresInDays: null });
    await visit('policy', 'Policies');
    await page.getByRole('checkbox', { name: 'Every token must have an end' }).check();
    await button('See what it would stop').click();
    const found = page.getByRole('region', { name: 'What it would stop' });
    await found.getByText('Without end').waitFor();
    await found.getByText('Never used').waitFor();
    expect((await answers(made.value, `/v1/organizations/${org}/members`)).status).toBe(200);
    // Another rule is another question.
    await page.getByLabel('Longest life of a token').fill('365');
    await found.waitFor({ state: 'detached' });
    await button('See what it would stop').click();
    await button(/Set it and stop 1 token/).click();
    await page.getByText('Last changed').waitFor();
    expect((await answers(made.value, `/v1/organizations/${org}/members`)).status).toBe(403);
    expect((await owner.getPolicy(org)).policy).toMatchObject({ expiryRequired: true, maxTokenDays: 365 });
    await dana.revokeToken(made.token.id);
    await owner.putPolicy(org, { expiryRequired: false, maxTokenDays: null, approvalRequired: true });
  });

  test('a token that waits for approval is approved', async () => {
    const made = await dana.createToken({ name: 'Nightly job' });
    await visit('tokens', 'Tokens in use');
    await page.getByText('Waits for approval').first().waitFor();
    await choose('Nightly job', 'Approve');
    await says(page, '“Nightly job” is approved.');
    expect((await answers(made.value, `/v1/organizations/${org}/members`)).status).toBe(200);
    await owner.putPolicy(org, { approvalRequired: false });
    // Where nobody asks for it, nothing waits.
    await page.reload();
    await page.getByText('Approved', { exact: true }).waitFor();
    expect(await page.getByText('Waits for approval').count()).toBe(0);
  });

  test('removing somebody asks of each token: one is handed over and works on, one ends', async () => {
    const [kept, ended] = [await dana.createToken({ name: 'Pipeline' }), await dana.createToken({ name: 'Notebook' })];
    await visit('members', 'Members');
    await button('Remove dana@example.com').click();
    await button('Remove (3 to decide)').waitFor();
    await button('End all').click();
    await page.getByLabel('What becomes of Pipeline').selectOption({ label: 'Hand to ci (developer)' });
    await button('Remove member').click();
    await says(page, 'dana@example.com is removed. 1 token handed over, 2 ended.');
    await page.getByLabel('Role of dana@example.com').waitFor({ state: 'detached' });
    expect((await answers(kept.value, `/v1/organizations/${org}/members`)).status).toBe(200);
    expect((await answers(ended.value, `/v1/organizations/${org}/members`)).status).toBe(403);
  });

  test('a webhook is made, its secret shown once, and a test says what became of it', async () => {
    await visit('webhooks', 'Webhooks');
    await button('New webhook').click();
    await dialog().getByLabel('Address').fill('https://hooks.invalid/pipecat');
    await page.getByRole('checkbox', { name: 'Somebody was invited' }).uncheck();
    await button('Create webhook').click();
    await dialog()
      .getByText(/^whsec_/)
      .waitFor();
    await button('I have copied it').click();
    await page.getByRole('heading', { name: 'https://hooks.invalid/pipecat' }).waitFor();
    await button('Send a test').click();
    await page.getByText('It did not take the test').waitFor();
    await button('Deliveries').click();
    await page.getByText('Nothing was sent in the last thirty days').waitFor();
    await button('Delete').click();
    await button('Delete webhook').click();
    await page.getByText('No webhooks yet').waitFor();
  });

  test('the audit log is filtered, handed on as a link, checked and exported', async () => {
    await visit('audit', 'Audit log');
    await page.getByLabel('What', { exact: true }).selectOption({ label: 'Members' });
    await page.getByText('member.removed').first().waitFor();
    await page.getByText('api_key.created').first().waitFor({ state: 'detached' });
    await until('the filter stands in the address', () => new URL(page.url()).searchParams.get('action') === 'member.');
    await page.reload();
    await page.getByText('member.removed').first().waitFor();
    await page.getByText('Who, on what').click();
    await page.getByLabel('Who', { exact: true }).fill('nobody@example.com');
    await button('Filter').click();
    await page.getByText('No record matches').waitFor();
    await button('Take all away').click();
    await page.getByText('api_key.created').first().waitFor();
    await button('Check the chain').click();
    await page.getByText('the chain is whole').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export as JSON lines' }).click();
    expect((await download).suggestedFilename()).toBe(`audit-${org}.jsonl`);
  });

  test('in an emergency everything that was used is revoked, once the word is typed', async () => {
    const account = (await owner.listServiceAccounts(org)).serviceAccounts[0];
    const made = await owner.createServiceAccountToken(org, account?.id ?? '', { name: 'somewhere' });
    await visit('tokens', 'Tokens in use');
    await button('Revoke everything…').click();
    expect(await dialog().getByRole('button', { name: 'Revoke everything' }).isDisabled()).toBe(true);
    await dialog().getByLabel('Whose').selectOption({ label: 'ci (service account)' });
    await dialog().getByLabel('Type “revoke”').fill('revoke');
    await dialog().getByRole('button', { name: 'Revoke everything' }).click();
    await dialog().getByText('somewhere').waitFor();
    await button('Done').click();
    expect((await answers(made.value)).status).toBe(401);
  });

  test('an organization is made, renamed, chosen, and deleted', async () => {
    await button('Organization: my-team').click();
    await page.getByRole('menuitem', { name: 'New organization' }).click();
    await page.getByLabel('Name', { exact: true }).fill('The Listeners');
    await until('a short name is proposed', async () => {
      return (await page.getByLabel('Short name').inputValue()) === 'the-listeners';
    });
    await button('Create organization').click();
    await page.getByRole('heading', { name: 'The Listeners', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Name for people').fill('The Good Listeners');
    await button('Save the name').click();
    await button('Organization: The Good Listeners').waitFor();
    await button('Make this my default').click();
    await says(page, 'comes first for you now');
    await button('Organization: The Good Listeners').click();
    await page.getByRole('menuitem', { name: 'my-team' }).click();
    await page.getByRole('heading', { name: 'my-team', level: 1 }).waitFor();
    await page.goto('/orgs/the-listeners/settings');
    await button('Delete the organization').click();
    await dialog().getByLabel('Type “the-listeners”').fill('the-listeners');
    await button('Delete organization').click();
    await page.getByRole('heading', { name: 'my-team', level: 1 }).waitFor();
    expect((await owner.listOrganizations()).organizations.map(({ name }) => name)).toEqual([org]);
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
