import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';

const cli = useCli();

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;
const script = async (shell: string) => (await cli.run(['completion', shell])).stdout;

/** What each shell offers for the last word. bash splits at `=`, as it does when somebody types. */
const complete: Record<string, (words: string[]) => Promise<string[]>> = {
  async bash(words) {
    const split = words.flatMap((word) => (/^--.*=/.test(word) ? word.split(/(=)/).filter(Boolean) : [word]));
    const list = split.map((word) => `'${word}'`).join(' ');
    const lines = `${await script('bash')}\nCOMP_WORDS=(${list}); COMP_CWORD=${split.length - 1}; _pipecat_cloud; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', lines], { encoding: 'utf8' }).split('\n').filter(Boolean);
  },
  async zsh(words) {
    const list = words.map((word) => `'${word}'`).join(' ');
    // Where completion itself runs, compadd and compset belong to it; here they only show what they were given.
    const lines = `compadd() { shift; print -l -- "$@"; }; compset() { :; }; _files() { :; }
${await script('zsh')}\nwords=(${list}); CURRENT=${words.length}; _pipecat_cloud`;
    const offered = execFileSync('zsh', ['-f', '-c', lines], { encoding: 'utf8' }).split('\n').filter(Boolean);
    const typed = (words.at(-1) ?? '').replace(/^--.*=/, '');
    return offered.filter((word) => word.startsWith(typed));
  },
  async fish(words) {
    const file = await cli.file('completion.fish', await script('fish'));
    const line = words.map((word, index) => (index === words.length - 1 ? word : word)).join(' ');
    const out = execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], {
      encoding: 'utf8',
      env: { ...process.env, HOME: cli.home },
      cwd: cli.home,
    });
    return out
      .split('\n')
      .filter(Boolean)
      .map((found) => (found.split('\t')[0] ?? '').replace(/^--.*=/, ''));
  },
};

describe.each(['bash', 'zsh', 'fish'])('%s', (shell) => {
  const offered = (...words: string[]) => complete[shell]?.(words).then((list) => [...new Set(list)].sort());

  test.skipIf(!has(shell))(`offers groups, verbs, options and values (needs ${shell})`, async () => {
    expect(await offered('pipecat', 'ag')).toEqual(['agent']);
    expect(await offered('pipecatcloud', 'ag')).toEqual(['agent']);
    expect(await offered('pipecat', 'cloud', 'agent', 'sta')).toEqual(['start', 'status']);
    expect(await offered('pipecat', 'agent', 'logs', '--lev')).toEqual(['--level']);
    expect(await offered('pipecat', 'organizations', 'keys', 'cr')).toEqual(['create']);
    expect(await offered('pipecat', 'agent', 'profiles', 'di')).toEqual(['disable']);
    // The name of an organization that is called like a command is a value.
    expect(await offered('pipecat', 'agent', 'list', '-o', 'token', '--reg')).toEqual(['--region']);
    const levels = ['CRITICAL', 'DEBUG', 'ERROR', 'INFO', 'WARNING'];
    expect(await offered('pipecat', 'agent', 'logs', 'bot', '--level', '')).toEqual(levels);
    expect(await offered('pipecat', 'agent', 'logs', '-l', 'W')).toEqual(['WARNING']);
    expect(await offered('pipecat', 'agent', 'logs', '--level=W')).toEqual(['WARNING']);
    expect(await offered('pipecat', '--output', '')).toEqual(['json', 'plain', 'rich']);
    expect(await offered('pipecat', 'agent', 'list', '--output', 'p')).toEqual(['plain']);
    expect(await offered('pipecat', 'deploy', '--architecture', 'ar')).toEqual(['arm64']);
    expect(await offered('pipecat', 'completion', 'z')).toEqual(['zsh']);
    expect(await offered('pipecat', 'organizations', 'members', 'role', 'ann@acme.example', 'ad')).toEqual(['admin']);
  });

  test('knows every command of the tree', async () => {
    const text = await script(shell);
    for (const words of [
      'agent profiles enable',
      'organizations webhooks deliveries',
      'token scan',
      'doctor',
      'deploy',
    ]) {
      expect(text).toContain(`'${words}'`);
    }
  });
});

test('another shell is exit 2, with those that there are', async () => {
  const outcome = await cli.run(['completion', 'tcsh']);
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toContain('bash, zsh, fish');
});
