import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './lib/main.mjs';
import { run } from './lib/run.mjs';

// The package as it would be published, in a folder that knows nothing of this one.

let folder;
let server;
const asked = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-contract-'));
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: join(root, 'packages/contract'),
  });
  expect(packed.code, packed.output).toBe(0);
  const place = join(folder, 'node_modules/@pipecat-cloud/contract');
  mkdirSync(place, { recursive: true });
  const tarball = join(folder, packed.output.trim().split('\n').at(-1));
  expect((await run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'], {})).code).toBe(0);
  // Its one dependency, as npm would put it there.
  symlinkSync(join(root, 'node_modules/typebox'), join(folder, 'node_modules/typebox'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ sessionId: 's-1', services: [] }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}, 60_000);
afterAll(() => {
  server?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const program = `import { ApiError, createClient } from '@pipecat-cloud/contract/client';
import { AgentStartError, Session } from '@pipecat-cloud/contract/session';
import { presets } from '@pipecat-cloud/contract/permissions';

const host = process.env.HOST ?? '';
const { sessionId } = await new Session('my-agent', 'pk_1', { data: { a: 1 } }, { apiHost: host }).start();
const { services } = await createClient({ host, token: 'pcc_pat_1' }).listServices('my-team');
const code = await new Session('my-agent', '').start().catch((error) => (error instanceof AgentStartError ? error.code : ''));
console.log(sessionId, services.length, code, presets.deploy.length > 3, ApiError.name);
`;

test('runs in plain Node', async () => {
  writeFileSync(join(folder, 'program.mjs'), program);
  const env = { PATH: process.env.PATH, HOST: `http://127.0.0.1:${server.address().port}` };
  const { code, output } = await run(process.execPath, ['program.mjs'], { cwd: folder, env });
  expect([code, output.trim()]).toEqual([0, 's-1 0 PCC-1002 true ApiError']);
  expect(asked).toEqual([
    'POST /v1/public/my-agent/start Bearer pk_1',
    'GET /v1/organizations/my-team/services Bearer pcc_pat_1',
  ]);
});

test('has its types, and they are strict', async () => {
  const declared = 'declare const process: { env: Record<string, string | undefined> };\n';
  writeFileSync(join(folder, 'good.mts'), declared + program.replace('(error) =>', '(error: unknown) =>'));
  const wrong = [
    "import { createClient } from '@pipecat-cloud/contract/client';",
    "import { Session } from '@pipecat-cloud/contract/session';",
    "new Session('a', 'b', { use_daily: true });",
    "const list = await createClient({ host: '' }).listServices('my-team');",
    'list.servises;',
  ];
  writeFileSync(join(folder, 'wrong.mts'), wrong.join('\n'));
  // Without the types of Node.js: the client is for browsers and edge runtimes too.
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  const args = [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...options,
    '--lib',
    'es2023,dom',
    'good.mts',
    'wrong.mts',
  ];
  const { output } = await run(process.execPath, args, { cwd: folder });
  const errors = output.match(/^\S+\.[cm]?ts\S*/gm)?.map((place) => place.split(',')[0]);
  expect(errors, output).toEqual(['wrong.mts(3', 'wrong.mts(5']);
  expect(output).toMatch(/use_daily[\s\S]*servises/);
}, 120_000);

test('brings no tests, and nothing of the sources', async () => {
  const { output } = await run('tar', ['-tzf', join(folder, 'pipecat-cloud-contract-0.1.0.tgz')], {});
  const files = output.trim().split('\n');
  expect(files).toContain('package/README.md');
  expect(files).toContain('package/dist/session.d.ts');
  expect(files.filter((name) => /\.test\.|tsbuildinfo|\/src\//.test(name))).toEqual([]);
});
