import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { planLaunch, usesPipecatBase } from './launch-plan.js';

describe('the plan', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plan-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  async function plan(files: Record<string, string>, dockerfilePath = 'Dockerfile') {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return planLaunch(folder, dockerfilePath);
  }
  const bot = { 'bot.py': 'async def bot(args): ...' };

  test('[local] wins over everything', async () => {
    const files = { ...bot, 'pcc-deploy.toml': '[local]\ncommand = "node bot.ts"', Dockerfile: 'FROM scratch' };
    expect(await plan(files)).toEqual({ kind: 'local', setup: [], command: ['node', 'bot.ts'] });
  });

  test('a bot.py on the official base, or without a Dockerfile, runs on the Python base', async () => {
    expect(await plan(bot)).toEqual({ kind: 'python', requirements: undefined });
    const files = { ...bot, Dockerfile: 'FROM dailyco/pipecat-base:0.1\n', 'requirements.txt': 'pipecat-ai\n' };
    expect(await plan(files)).toEqual({
      kind: 'python',
      requirements: { file: 'requirements.txt', text: 'pipecat-ai\n' },
    });
  });

  test('dependencies of pyproject.toml stand in for requirements.txt', async () => {
    const files = { ...bot, 'pyproject.toml': '[project]\ndependencies = ["pipecat-ai", "x>1"]' };
    expect(await plan(files)).toEqual({
      kind: 'python',
      requirements: { file: undefined, text: 'pipecat-ai\nx>1\n' },
    });
  });

  test.each([
    ['another base', { ...bot, Dockerfile: 'FROM python:3.12' }, 'not based on dailyco/pipecat-base'],
    ['no bot.py', { Dockerfile: 'FROM dailyco/pipecat-base' }, 'no bot.py'],
    ['nothing', {}, 'no bot.py'],
  ])('%s is refused with both ways out', async (_, files, reason) => {
    const refusal = await plan(files as Record<string, string>).catch((error) => error.message);
    expect(refusal).toContain(reason);
    expect(refusal).toContain('[local]');
    expect(refusal).toContain('docker driver');
  });

  test('a Dockerfile outside the context is refused', async () => {
    await expect(plan(bot, '../Dockerfile')).rejects.toThrow('leads out');
    await expect(plan(bot, '/etc/passwd')).rejects.toThrow('leads out');
    await expect(plan(bot, 'a/../../b')).rejects.toThrow('leads out');
  });
});

test.each([
  ['FROM dailyco/pipecat-base', true],
  ['# x\nARG V\nfrom  --platform=linux/arm64 docker.io/dailyco/pipecat-base:$V AS base\r\nRUN x', true],
  ['FROM dailyco/pipecat-base@sha256:00', true],
  ['FROM dailyco/pipecat-base-else', false],
  ['FROM evil/dailyco/pipecat-base', false],
  ['# FROM dailyco/pipecat-base\nFROM scratch', false],
  ['FROM scratch\nRUN echo FROM dailyco/pipecat-base', false],
])('%s: %s', (dockerfile, expected) => {
  expect(usesPipecatBase(dockerfile)).toBe(expected);
});
