import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Welcome } from './channel.js';
import { openInstallation } from './installation.js';

const log = pino({ level: 'silent' });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'installation-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function welcomeOf(installationId: string): Welcome {
  const { publicKey } = generateKeyPairSync('ed25519');
  const hopPublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  return { type: 'welcome', version: 1, workerId: 'w-1', installationId, hopPublicKey };
}

test('what was said once is known before it is said again', async () => {
  const first = await openInstallation(folder, log);
  expect(first.hopKey()).toBeUndefined();
  await first.welcome(welcomeOf('one'));
  expect(await first.installationId()).toBe('one');
  const second = await openInstallation(folder, log);
  expect(await second.installationId()).toBe('one');
  expect(second.hopKey()?.equals(first.hopKey() as never)).toBe(true);
});

test('a new key counts at once and later; instances keep the label of the first installation', async () => {
  const first = await openInstallation(folder, log);
  await first.welcome(welcomeOf('one'));
  const before = first.hopKey();
  await first.welcome(welcomeOf('two'));
  expect(first.hopKey()?.equals(before as never)).toBe(false);
  const second = await openInstallation(folder, log);
  expect(await second.installationId()).toBe('one');
  expect(second.hopKey()?.equals(first.hopKey() as never)).toBe(true);
});
