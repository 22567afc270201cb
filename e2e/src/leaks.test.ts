import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cloud, startCloud } from './support/cloud.js';
import { plainEnvironment } from './support/environment.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { type Person, signInOwner } from './support/person.js';
import { run } from './support/processes.js';
import { until } from './support/wait.js';

let cloud: Cloud;
let folder: string;
let owner: string;
let person: Person;

beforeAll(async () => {
  cloud = await startCloud();
  folder = temporaryFolder('leaks');
  owner = cloud.token();
  person = await signInOwner(cloud);
  const shim = join(folder, 'pipecat');
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${inRoot('packages/cli/bin/pipecat.js')}" "$@"\n`);
  chmodSync(shim, 0o755);
});
afterAll(cleanUp);

/** The blocks of the page, in order. */
function blocksOf(tag: string): string[] {
  const page = readFileSync(inRoot('docs/leaks.md'), 'utf8');
  return [...page.matchAll(new RegExp(`^\`\`\`sh ${tag}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block ?? '',
  );
}

async function sh(script: string, cwd: string) {
  const environment = plainEnvironment({ HOME: folder, PIPECAT_API_HOST: cloud.url, PIPECAT_TOKEN: owner });
  const started = run('bash', ['-e', '-u', '-o', 'pipefail', '-c', script], {
    cwd,
    env: { ...environment, PATH: `${folder}:${environment.PATH}` },
  });
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

/** A live key is told that this route wants another kind; one that is over is unknown to every route. */
async function reasonOf(credential: string): Promise<string | undefined> {
  const answer = await fetch(`${cloud.url}/v1/users`, { headers: { authorization: `Bearer ${credential}` } });
  return ((await answer.json()) as { reason?: string }).reason;
}
const privateKey = async (name: string) => (await person.createApiKey('my-team', { name, type: 'private' })).key;

test('docs/leaks.md, word for word: report, look, and scan', async () => {
  const work = temporaryFolder('leaks-work');
  const [first, second, key] = [await privateKey('one'), await privateKey('two'), await privateKey('three')];
  await cloud.client(owner).putSecret('my-team', 'found', { secretKey: 'KEY', secretValue: key });
  await until('the secret set is looked into', async () => (await cloud.client(owner).listLeaks('my-team')).total > 0);
  writeFileSync(join(work, 'leaked.txt'), `${first}\n`, { mode: 0o600 });
  writeFileSync(join(work, 'report.json'), JSON.stringify({ credentials: [second] }), { mode: 0o600 });
  expect(await reasonOf(first)).toBe('wrong_credential_kind');

  const [report, byCurl, list] = blocksOf('leaks');
  const reported = await sh(report as string, work);
  expect(reported).toMatchObject({ code: 0, stdout: expect.stringContaining('revoked') });
  expect(await reasonOf(first)).toBe('revoked_token');
  expect(existsSync(join(work, 'leaked.txt'))).toBe(false);

  const answered = await sh(byCurl as string, work);
  expect(JSON.parse(answered.stdout)).toMatchObject({ results: [{ status: 'revoked', kind: 'private' }] });
  expect(await reasonOf(second)).toBe('revoked_token');

  const listed = await sh(list as string, work);
  expect(JSON.parse(listed.stdout)).toMatchObject({
    findings: [{ credential: { kind: 'private' }, place: { kind: 'secret_set', name: 'found/KEY' } }],
  });

  writeFileSync(join(work, '.env'), `KEY=${key}\n`);
  const git = 'git -c user.name=t -c user.email=t@x.example';
  await sh(`${git} init -q . && ${git} add -A && ${git} commit -qm one`, work);
  const [files, history] = blocksOf('leaks-found');
  for (const block of [files, history]) {
    const found = await sh(block as string, work);
    expect(found).toMatchObject({ code: 1, stdout: expect.stringContaining('.env:1:5  sk_…') });
    expect(found.stdout + found.stderr).not.toContain(key.slice(3, 40));
  }
  await sh(`rm .env && ${git} commit -qam two`, work);
  expect((await sh(files as string, work)).code).toBe(0);
  expect((await sh(history as string, work)).code).toBe(1);
  expect(blocksOf('leaks')).toHaveLength(3);
});

test("a verifier's request ends nothing", async () => {
  const value = await privateKey('verified');
  // As TruffleHog posts it to a custom detector's verifier.
  const answer = await fetch(`${cloud.url}/v1/credentials/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ PipecatCloudPrivateKey: { key: [value, value] } }),
  });
  expect(answer.status).toBe(400);
  expect(await answer.text()).not.toContain(value.slice(8, 40));
  expect(await reasonOf(value)).toBe('wrong_credential_kind');
});
