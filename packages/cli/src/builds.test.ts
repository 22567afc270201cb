import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { org, sequence } from './testing/deploy-routes.js';
import { token, useServer } from './testing/server.js';
import { build } from './testing/service.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

test('list passes its filters on, and says when there are more', async () => {
  server.routes[`GET ${org}/regions`] = { json: { regions: [{ code: 'local', display_name: 'Here' }] } };
  server.routes[`GET ${org}/builds`] = { json: { builds: [build()], total: 7, limit: 1, offset: 0 } };
  const args = ['build', 'list', '-n', '1', '-s', 'success', '-r', 'local'];
  const outcome = await cli.run(args, { env });
  expect(outcome.stdout.split('\n')[1]).toMatch(/^bld_1\tsuccess\tlocal\t/);
  expect(outcome.stderr).toContain('1 newest of 7');
  const asked = Object.fromEntries(new URL(`http://x${server.requests.at(-1)?.url}`).searchParams);
  expect(asked).toEqual({ limit: '1', status: 'success', region: 'local' });
});

test('status shows why a build failed', async () => {
  server.routes[`GET ${org}/builds/bld_1`] = {
    json: {
      build: build({
        ...{ status: 'failed', errorMessage: 'pip could not find x' },
        createdBy: { kind: 'user', id: 'u1', name: 'ann@acme.example' },
      }),
    },
  };
  const outcome = await cli.run(['build', 'status', 'bld_1'], { env });
  expect(outcome.stdout).toContain('pip could not find x');
  expect(outcome.stdout).toContain('build logs bld_1');
  expect(outcome.stdout).toContain('by ann@acme.example');
  expect((await cli.run(['build', 'status', 'gone'], { env })).code).toBe(8);
});

test('cancel ends a build, or says why not', async () => {
  server.routes[`POST ${org}/builds/bld_1/cancel`] = {
    json: { build: build({ status: 'failed', errorMessage: 'The build was cancelled' }) },
  };
  expect(await cli.run(['build', 'cancel', 'bld_1'], { env })).toMatchObject({
    code: 0,
    stdout: 'Cancelled build bld_1.\n',
  });
  server.routes[`POST ${org}/builds/bld_2/cancel`] = {
    status: 409,
    json: { error: "Build 'bld_2' has ended already: its status is 'success'", code: 'CONFLICT' },
  };
  const refused = await cli.run(['build', 'cancel', 'bld_2'], { env });
  expect(refused.code).toBe(9);
  expect(refused.stderr).toContain('has ended already');
});

describe('logs', () => {
  const line = (index: number) => `line ${index}`;
  /** As many lines as are there at each answer; the server pages through them. */
  function growing(...lengths: number[]) {
    let at = 0;
    server.routes[`GET ${org}/builds/bld_1/logs`] = ({ url }) => {
      const query = new URL(url, 'http://x').searchParams;
      const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))];
      const length = lengths[Math.min(at, lengths.length - 1)] ?? 0;
      if (length - offset < limit) at++;
      const count = Math.max(0, Math.min(limit, length - offset));
      return { json: { logs: Array.from({ length: count }, (_, index) => line(offset + index)) } };
    };
  }
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

  test('the first lines, as many as asked for', async () => {
    growing(3);
    const outcome = await cli.run(['build', 'logs', 'bld_1', '-n', '2'], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: numbered(2) });
    expect(outcome.stderr).toContain('--follow');
  });

  test('--follow: every line once, to the end of the build, also past a page and over a failing answer', async () => {
    growing(1, 1500, 1500, 2501);
    server.routes[`GET ${org}/builds/bld_1`] = sequence(
      { json: { build: build({ status: 'pending' }) } },
      { status: 502, json: { error: 'restarting', code: '502' } },
      { json: { build: build() } },
    );
    const outcome = await cli.run(['build', 'logs', 'bld_1', '--follow'], { env });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toBe(numbered(outcome.stdout.split('\n').length - 1));
    expect(outcome.stdout).toContain('line 1499\n');
  });

  test.each([
    ['failed', 1],
    ['timeout', 10],
  ] as const)('--follow of a build that ends with %s: exit %i, after its last line', async (status, code) => {
    growing(2);
    server.routes[`GET ${org}/builds/bld_1`] = { json: { build: build({ status, errorMessage: 'no such package' }) } };
    const outcome = await cli.run(['build', 'logs', 'bld_1', '-F', '--json'], { env });
    expect(outcome.code).toBe(code);
    const [first, second, ...rest] = outcome.stdout.split('\n');
    expect([first, second].map((text) => JSON.parse(text ?? ''))).toEqual([{ log: line(0) }, { log: line(1) }]);
    expect(JSON.parse(rest.join('\n')).error).toContain('no such package');
  });
});
