import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificate, noOpenssl } from './support/authority.js';
import { openBrowser } from './support/browser.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, resources } from './support/environment.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { type Running, run } from './support/processes.js';
import { until } from './support/wait.js';

const lacking = missing('chromium') ?? noOpenssl;
const lackingOfficial = missing('official');
const email = 'ann@example.com';
/** Any text that is one of our tokens. */
const secret = /pcc_(oat|ort|pat)_[0-9a-f]{20}/;

describe.skipIf(lacking)(`signing in from the command line, over TLS${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let page: Page;
  let caFile: string;

  beforeAll(async () => {
    const made = createCertificate();
    caFile = made.caFile;
    cloud = await startCloud({
      env: {
        PIPECAT_CLOUD_TLS_CERT: made.certFile,
        PIPECAT_CLOUD_TLS_KEY: made.keyFile,
        // The worker dials the same address.
        NODE_EXTRA_CA_CERTS: caFile,
      },
    });
    browser = await openBrowser();
    // Chromium keeps a trust store of its own.
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(/https:\/\/\S+\/setup#code=\S+/.exec(cloud.process.stdout())?.[0] ?? '');
    await page.getByLabel('Your e-mail address').fill(email);
    await page.getByRole('button', { name: 'Finish and sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  function homeFolder() {
    const home = join(temporaryFolder('home'), 'home');
    mkdirSync(home);
    return { home, config: join(home, '.config/pipecatcloud/pipecatcloud.toml') };
  }
  const ours = (home: string, args: string[]): Running =>
    run(process.execPath, [inRoot('packages/cli/bin/pipecat.js'), 'cloud', ...args], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, PIPECAT_API_HOST: cloud.url, NODE_EXTRA_CA_CERTS: caFile },
    });
  const official = (home: string, args: string[]): Running =>
    run(resources.official ?? '', ['-m', 'pipecatcloud', ...args], {
      cwd: home,
      env: {
        ...{ PATH: process.env.PATH, HOME: home, PIPECAT_API_HOST: cloud.url, SSL_CERT_FILE: caFile },
        // Prints its address in place of opening a browser of the machine, and does not break the line.
        ...{ BROWSER: 'no-such-browser', COLUMNS: '2000', PYTHONUNBUFFERED: '1', NO_COLOR: '1' },
      },
    });
  const finished = async (started: Running) => ({
    code: await started.ended,
    output: started.stdout() + started.stderr(),
  });
  const accepted = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await page.request.get(`${cloud.url}/v1/users`, { headers })).status();
  };

  test('ours, with a code that is typed into the page', async () => {
    const { home, config } = homeFolder();
    const login = ours(home, ['auth', 'login', '--headless']);
    const code = await until('the code is shown', () => /^ {4}([A-Z]{4}-[A-Z]{4})$/m.exec(login.stderr())?.[1]);
    await page.goto(`${cloud.url}/device`);
    await page.getByLabel('Code').fill(code.toLowerCase());
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('PipecatCloudCLI/').waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('The device is signed in').waitFor();
    const { code: exit, output } = await finished(login);
    expect([exit, output]).toEqual([0, expect.stringContaining(email)]);
    expect(output).not.toMatch(secret);
    expect(statSync(config).mode & 0o777).toBe(0o600);

    expect((await finished(ours(home, ['auth', 'whoami']))).output).toContain(email);
    const { token } = parse(readFileSync(config, 'utf8')) as { token: string };
    expect(await accepted(token)).toBe(200);
    expect((await finished(ours(home, ['auth', 'logout']))).output).toContain('ended at the server too');
    expect(await accepted(token)).toBe(401);
  });

  test('a sign-in is ended from the list of the page', async () => {
    const { home } = homeFolder();
    const login = ours(home, ['auth', 'login', '--device']);
    const code = await until('the code is shown', () => /^ {4}([A-Z]{4}-[A-Z]{4})$/m.exec(login.stderr())?.[1]);
    await page.goto(`${cloud.url}/device?user_code=${code}`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    expect((await finished(login)).code).toBe(0);
    await page.goto(`${cloud.url}/account/logins`);
    await page.getByRole('button', { name: /End the sign-in/ }).click();
    await page.getByText('The command line is signed in nowhere').waitFor();
    expect((await finished(ours(home, ['auth', 'whoami']))).code).toBe(5);
  });

  test.skipIf(lackingOfficial)(
    `ours, on a terminal, through the browser${lackingOfficial ? ` (Python for a terminal: ${lackingOfficial})` : ''}`,
    async () => {
      await page.goto(cloud.url);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Send me a code' }).waitFor();
      const { home, config } = homeFolder();
      const opened = join(home, 'opened');
      const opener = join(home, 'browser.sh');
      writeFileSync(opener, `#!/bin/sh\nprintf %s "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`, {
        mode: 0o700,
      });
      // A terminal of its own for the child; what that prints comes out here.
      const terminal = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';
      const cli = [process.execPath, inRoot('packages/cli/bin/pipecat.js'), 'cloud', 'auth', 'login'];
      const login = run(resources.official ?? '', ['-c', terminal, ...cli], {
        cwd: home,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {
          ...{ PATH: process.env.PATH, HOME: home, PIPECAT_API_HOST: cloud.url, NODE_EXTRA_CA_CERTS: caFile },
          ...{ BROWSER: opener, TERM: 'dumb' },
        },
      });
      await page.goto(await until('the browser is asked', () => existsSync(opened) && readFileSync(opened, 'utf8')));
      // Whoever is not signed in does that first, and comes back.
      await page.getByLabel('E-mail address').fill(email);
      await page.getByRole('button', { name: 'Send me a code' }).click();
      const emailed = new RegExp(`Sign-in code for ${email}: (\\d{8})`);
      await page
        .getByLabel('Code')
        .fill(await until('the code is shown', () => emailed.exec(cloud.process.stdout())?.[1]));
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByText('Answer goes to').waitFor();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('Signed in. Go back to the terminal.').waitFor();
      const { code, output } = await finished(login);
      expect([code, output]).toEqual([0, expect.stringContaining(`as ${email}`)]);
      expect(output).not.toMatch(secret);
      expect((parse(readFileSync(config, 'utf8')) as { token: string }).token).toMatch(/^pcc_oat_/);
    },
  );

  test.skipIf(lackingOfficial)(
    `the published one, unmodified${lackingOfficial ? ` (${lackingOfficial})` : ''}`,
    async () => {
      const { home, config } = homeFolder();
      const login = official(home, ['auth', 'login']);
      const address = await until(
        'the address is shown',
        () => /(https:\S+\/oauth\/authorize\?\S+)\s/.exec(login.stdout())?.[1] ?? (!login.running() && ''),
      );
      expect([address, login.stderr()]).toEqual([expect.stringContaining('code_challenge'), '']);
      await page.goto(address);
      await page.getByText('Pipecat Cloud command line').waitFor();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('Authentication successful').waitFor();
      const { code, output } = await finished(login);
      expect([code, output]).toEqual([0, expect.stringContaining('Authentication successful')]);

      const stored = parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
      expect(stored.token).toMatch(/^pcc_oat_[0-9a-f]{48}$/);
      expect(stored.refresh_token).toMatch(/^pcc_ort_[0-9a-f]{48}$/);
      const who = await finished(official(home, ['auth', 'whoami']));
      expect([who.code, who.output]).toEqual([0, expect.stringContaining(email)]);

      // It renews by the clock alone; a minute before the end, here at once.
      const renewing = run(resources.official ?? '', ['-m', 'pipecatcloud', 'auth', 'whoami'], {
        cwd: home,
        env: {
          ...{ PATH: process.env.PATH, HOME: home, PIPECAT_API_HOST: cloud.url, SSL_CERT_FILE: caFile },
          ...{ PIPECAT_TOKEN_EXPIRES_AT: '1', COLUMNS: '2000', NO_COLOR: '1' },
        },
      });
      expect((await finished(renewing)).output).toContain(email);
      const renewed = parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
      expect(renewed.refresh_token).not.toBe(stored.refresh_token);

      expect((await finished(official(home, ['auth', 'logout']))).code).toBe(0);
      expect(await accepted(String(renewed.token))).toBe(401);
    },
  );
});
