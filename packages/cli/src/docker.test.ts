import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { planImage } from './commands/docker/image-plan.js';
import { parseDeployFile } from './lib/deploy-file.js';
import { useCli } from './testing/cli.js';

const cli = useCli();
const options = { push: true, latest: true };
const plan = async (toml: string, more: object = {}, name?: string) =>
  planImage(name, { ...options, ...more }, await parseDeployFile('/x/pcc-deploy.toml', toml));

describe('names come from options, then image, then [docker], then defaults', () => {
  test.each([
    ['image = "me/bot:1.2"', {}, ['me/bot:1.2', 'me/bot:latest']],
    ['image = "r.example.com/me/bot:1"', { latest: false }, ['r.example.com/me/bot:1']],
    ['image = "me/bot:1"', { version: '2', username: 'you' }, ['you/bot:2', 'you/bot:latest']],
    ['image = "me/bot:latest"', {}, ['me/bot:latest']],
    [
      'agent_name = "bot"\n[docker]\nregistry = "custom"\nregistry_username = "me"\nregistry_url = "https://r.example.com/"\nauto_latest = false\nother = 1',
      { version: '3' },
      ['r.example.com/me/bot:3'],
    ],
    ['agent_name = "bot"', { push: false }, ['bot:latest']],
  ])('%s %o', async (toml, more, tags) => {
    expect((await plan(toml, more)).tags).toEqual(tags);
  });

  test.each([
    ['agent_name = "bot"', {}, '--registry'],
    ['agent_name = "bot"', { registry: 'dockerhub' }, '--username'],
    ['agent_name = "bot"', { registry: 'custom', username: 'me' }, '--registry-url'],
    ['region = "x"', {}, 'No agent named'],
    ['image = "me/Bot:1"', {}, 'no name for an image'],
  ])('%s %o is refused, with %s', async (toml, more, text) => {
    await expect(plan(toml, more)).rejects.toThrow(text);
  });

  test('the platform is that of the option, then of the file, then of this machine', async () => {
    expect((await plan('image = "me/bot:1"\narchitecture = "arm64"')).platform).toBe('linux/arm64');
    const own = process.arch === 'x64' ? 'linux/amd64' : `linux/${process.arch}`;
    expect((await plan('image = "me/bot:1"')).platform).toBe(own);
    expect((await plan('image = "me/bot:1"', { platform: 'linux/amd64' })).platform).toBe('linux/amd64');
  });
});

describe('build-push', () => {
  let env: Record<string, string>;
  /** A docker that writes down what it was asked and does what the script says. */
  async function docker(script: string): Promise<void> {
    const path = await cli.file('bin/docker', `#!/bin/sh\necho "$@" >> "$CALLS"\n${script}\n`, 0o755);
    await chmod(path, 0o755);
    env = { PATH: `${dirname(path)}:/usr/bin:/bin`, CALLS: await cli.file('calls', '') };
  }
  const calls = async () => {
    const { readFile } = await import('node:fs/promises');
    return (await readFile(env.CALLS ?? '', 'utf8')).trim().split('\n');
  };
  const args = ['docker', 'build-push', 'bot', '-r', 'dockerhub', '-u', 'me', '-v', '1', '--platform', 'linux/arm64'];

  beforeEach(() => docker('echo said by docker'));

  test('builds with every tag and pushes each, and keeps standard output for its own', async () => {
    const outcome = await cli.run([...args, '--yes', '--json'], { env });
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toEqual({
      image: 'me/bot:1',
      tags: ['me/bot:1', 'me/bot:latest'],
      platform: 'linux/arm64',
      pushed: true,
    });
    expect(outcome.stderr).toContain('said by docker');
    expect(await calls()).toEqual([
      'buildx version',
      'buildx build --platform=linux/arm64 --load -t me/bot:1 -t me/bot:latest .',
      'push me/bot:1',
      'push me/bot:latest',
    ]);
  });

  test('asks first, without --yes and a terminal: exit 2', async () => {
    const outcome = await cli.run(args, { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('--yes');
    expect(await calls()).toEqual(['']);
  });

  test.each([
    ['echo "denied: requested access" >&2; case $1 in push) exit 1;; esac', 'docker login'],
    ['case "$2" in version) exit 0;; esac; echo "Cannot connect to the Docker daemon" >&2; exit 1', 'does not run'],
    ['case "$1" in buildx) exit 1;; esac', 'buildx'],
  ])('a failure is exit 1 and says what to do: %s', async (script, text) => {
    await docker(script);
    const platform = text === 'buildx' ? ['--platform', process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64'] : [];
    const outcome = await cli.run([...args, '--yes', ...platform], { env });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(text);
  });

  test('without Docker: exit 1, with the way that needs none', async () => {
    const outcome = await cli.run([...args, '--yes'], { env: { PATH: '/nowhere' } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('Docker is not installed');
    expect(outcome.stderr).toContain('pipecat cloud deploy');
  });
});
