import { existsSync, statSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { run } from '../../src/support/processes.js';
import { until } from '../../src/support/wait.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';
import type { World } from '../world.js';
import { configFile, configOf } from './basics.js';

const isAccepted = async (world: World, token: string) =>
  (await fetch(`${world.cloud.url}/v1/users`, { headers: { authorization: `Bearer ${token}` } })).status === 200;

/** Signs in as the client does: a real browser, where the organization's owner signs in with a code and allows it. */
export function signIn(world: World, browser: Browser): Step {
  return [
    'auth login',
    async (track) => {
      const [program, ...before] = world.programOf(track.version);
      const login = run(program, [...before, 'auth', 'login'], {
        cwd: track.home,
        env: { ...world.base, HOME: track.home, COLUMNS: '2000', PYTHONUNBUFFERED: '1' },
      });
      const address = await until(
        'the address is shown',
        () => /(https:\S+\/oauth\/authorize\?\S+)\s/.exec(login.stdout())?.[1] ?? (!login.running() && 'none'),
      );
      expect(address, login.stdout() + login.stderr()).toContain('code_challenge_method=S256');
      const email = `owner@${track.org}.example`;
      // Chromium keeps a trust store of its own.
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(address);
      await page.getByLabel('E-mail address').fill(email);
      await page.getByRole('button', { name: 'Send me a code' }).click();
      const emailed = new RegExp(`Sign-in code for ${email}: (\\d{8})`);
      const code = await until('the code is shown', () => emailed.exec(world.cloud.process.stdout())?.[1]);
      await page.getByLabel('Code').fill(code);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('Authentication successful').waitFor();
      await context.close();
      expect([await login.ended, login.stdout()]).toEqual([0, expect.stringContaining('Authentication successful')]);
      track.used('GET /oauth/authorize');

      const { token, refresh_token, org } = configOf(track);
      expect([token, refresh_token]).toEqual([
        expect.stringMatching(/^pcc_oat_[0-9a-f]{48}$/),
        expect.stringMatching(/^pcc_ort_[0-9a-f]{48}$/),
      ]);
      expect(org).toBe(track.org);
      expect(statSync(configFile(track)).mode & 0o777).toBe(0o600);
      return 'through Chromium, over TLS with a private authority';
    },
  ];
}

/** It renews by the clock alone; here at once. */
export const renewal: Step = [
  'auth login',
  async (track) => {
    const before = configOf(track);
    const text = await track.ok(['auth', 'whoami'], { env: { PIPECAT_TOKEN_EXPIRES_AT: '1' } });
    expect(text).toContain(`owner@${track.org}.example`);
    expect(configOf(track).refresh_token).not.toBe(before.refresh_token);
    expect(configOf(track).token).not.toBe(before.token);
    return 'renewed with its refresh token';
  },
];

/** Types a token into the hidden prompt, which stores it. */
export const usePat = (token: string): Step => [
  'auth use-pat',
  async (track) => {
    const answers = [['Personal Access Token:', `${token}\r`]] as const;
    const env = { PIPECAT_TOKEN: undefined };
    const text = await track.ok(['auth', 'use-pat'], { answers, env });
    expect(text).toContain(`Authenticated via PAT. Active organization: ${track.org}`);
    expect(text).not.toContain(token);
    expect(configOf(track)).toMatchObject({ token, org: track.org });
    if (!track.thorough) return;
    const wrong = [['Personal Access Token:', `${token.slice(0, -4)}0000\r`]] as const;
    const mistyped = await track.fails(['auth', 'use-pat'], { answers: wrong, env });
    expect(mistyped).toContain('Invalid or expired token');
    expect(configOf(track)).toMatchObject({ token });
  },
];

export const logOut = (world: World): Step => [
  'auth logout',
  async (track: Track) => {
    const { token } = configOf(track);
    const isLogin = track.credential === 'login';
    expect(await isAccepted(world, token ?? '')).toBe(true);
    const text = await track.ok(['auth', 'logout']);
    expect(text).toContain(isLogin ? 'Logged out and session revoked' : 'User credentials for Pipecat Cloud removed');
    expect(existsSync(configFile(track))).toBe(false);
    // A personal access token goes on: it was only forgotten here.
    expect(await isAccepted(world, token ?? '')).toBe(!isLogin);
    return isLogin ? 'ended at the server too' : 'removes what is stored; the token itself goes on';
  },
];
