import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './support/browser.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';

const lacking = missing('chromium');

describe.skipIf(lacking)(`the API document in a browser${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;

  beforeAll(async () => {
    cloud = await startCloud();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  test('is drawn under its own policy, and a request of it is answered', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const problems: string[] = [];
    const elsewhere: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^data:/.test(request.url()) && new URL(request.url()).origin !== cloud.url) elsewhere.push(request.url());
    });
    await page.goto(`${cloud.url}/docs/api`);
    await page.getByRole('heading', { name: /^Pipecat Cloud/ }).waitFor();
    await page.getByText('The installation itself').click();
    await page.getByText('Tell whether the database answers').click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.getByText('"status": "ok"').first().waitFor();
    expect(problems).toEqual([]);
    expect(elsewhere).toEqual([]);
  });
});
