import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCli } from './support/cli.js';
import { missing, resources } from './support/environment.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';

// The rules of docs/scanning, run by the tools that they are written for.

const hex = '3f9a1c7be2d0485196ac73e8b14f02d97c5e60ab';
const other = 'b81e4d6f3a90c27558fd1e0942b7c63aa5d90f1c';
const imported = `pcc_pat_${hex.slice(0, 32)}`;
const of = (kind: Parameters<typeof formatToken>[0]) => formatToken(kind, hex);

type Rule = 'token' | 'imported' | 'key';
interface Case {
  name: string;
  text: string;
  /** What a rule has to find in it. */
  found?: { rule: Rule; value: string };
  /** Found by its shape, though the checksum is wrong: only we can tell. */
  falseAlarm?: boolean;
}

const wrapped: [string, (value: string) => string][] = [
  ['an assignment', (value) => `export PIPECAT_TOKEN=${value}\n`],
  ['a quoted string', (value) => `token = "${value}"\n`],
  ['YAML', (value) => `env:\n  TOKEN: ${value}\n`],
  ['a JSON text', (value) => `${JSON.stringify({ log: `first line\n${value}\nlast` })}\n`],
  ['an address', (value) => `https://user:${value}@forge.example/x.git\n`],
  ['a header', (value) => `curl -H 'Authorization: Bearer ${value}' https://x.example\n`],
  ['the whole of a file', (value) => value],
];
const positives: Case[] = [
  ...(['personal', 'serviceAccount', 'ci', 'oauth'] as const).flatMap((kind) =>
    wrapped.map(
      ([where, wrap]): Case => ({
        name: `${kind} token in ${where}`,
        text: wrap(of(kind)),
        found: { rule: 'token', value: of(kind) },
      }),
    ),
  ),
  ...wrapped.map(
    ([where, wrap]): Case => ({
      name: `private key in ${where}`,
      text: wrap(of('private')),
      found: { rule: 'key', value: of('private') },
    }),
  ),
  ...wrapped.map(
    ([where, wrap]): Case => ({
      name: `imported token in ${where}`,
      text: wrap(imported),
      found: { rule: 'imported', value: imported },
    }),
  ),
  {
    name: "another vendor's key of our shape",
    text: `ELEVENLABS_API_KEY=sk_${other}deadbeef\n`,
    found: { rule: 'key', value: `sk_${other}deadbeef` },
    falseAlarm: true,
  },
  {
    name: 'a token with a wrong checksum',
    text: `pcc_pat_${other}00000000\n`,
    found: { rule: 'token', value: `pcc_pat_${other}00000000` },
    falseAlarm: true,
  },
];
const negatives: Case[] = [
  ['a public key', of('public')],
  ['keys of Stripe', `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'} sk_test_${hex}${other.slice(0, 8)} pk_live_${hex}`],
  ['commits and digests', `commit ${hex}\nsha256:${hex}${other.slice(0, 24)}\nmd5 ${hex.slice(0, 32)}`],
  ['words that end in sk_', `task_${hex}${other.slice(0, 8)} desk_id risk_${hex}`],
  ['a placeholder', `pcc_pat_${'x'.repeat(48)} sk_${'0'.repeat(48)} pcc_pat_your_token_here`],
  ['masked and redacted ones', `pcc_pat_…${hex.slice(-4)} pcc_pat_[redacted] sk_[redacted]`],
  ['too short', `sk_${hex} pcc_pat_${hex.slice(0, 31)}`],
  ['too long', `sk_${hex}${hex}`],
  ['upper case', of('private').toUpperCase()],
].map(([name, text]) => ({ name: name as string, text: `${text}\n` }));

const reason = missing('scanners');
let corpus: string;
const corpusCases = [...positives, ...negatives];
const fileOf = (index: number) => join(corpus, `case-${index}.txt`);

beforeAll(() => {
  corpus = join(temporaryFolder('scanners'), 'corpus');
  mkdirSync(corpus);
  for (const [index, { text }] of corpusCases.entries()) writeFileSync(fileOf(index), text);
});
afterAll(cleanUp);

/** Findings by file name, as `rule value`, each once. */
type Findings = Map<string, Set<string>>;
function add(findings: Findings, file: string, rule: string, value: string): void {
  const name = file.split('/').at(-1) ?? '';
  findings.set(name, (findings.get(name) ?? new Set()).add(`${rule} ${value}`));
}
function expectExactly(findings: Findings): void {
  const wanted: Record<string, string[]> = {};
  const got: Record<string, string[]> = {};
  for (const [index, { name, found }] of corpusCases.entries()) {
    wanted[name] = found ? [`${found.rule} ${found.value}`] : [];
    got[name] = [...(findings.get(`case-${index}.txt`) ?? [])];
  }
  expect(got).toEqual(wanted);
}

describe.skipIf(reason)(`the rules of docs/scanning${reason ? ` (${reason})` : ''}`, () => {
  const tool = (name: string) => join(resources.scanners ?? '', name);

  async function gitleaks(config: string): Promise<Findings> {
    const args = ['dir', '--no-banner', '--log-level=error', '--exit-code=0', '--max-decode-depth=0'];
    const { stdout } = await promisify(execFile)(
      tool('gitleaks'),
      [...args, '--config', config, '--report-format=json', '--report-path=-', corpus],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    const findings: Findings = new Map();
    const rules: Record<string, Rule> = {
      'pipecat-cloud-token': 'token',
      'pipecat-cloud-imported-token': 'imported',
      'pipecat-cloud-private-key': 'key',
    };
    for (const { RuleID, Secret, File } of JSON.parse(stdout) as { RuleID: string; Secret: string; File: string }[]) {
      const rule = rules[RuleID];
      if (rule) add(findings, File, rule, Secret);
    }
    return findings;
  }

  test('for gitleaks find every one of ours, and nothing of the traps', async () => {
    expectExactly(await gitleaks(inRoot('docs/scanning/gitleaks.toml')));
  });

  test('for GitLab, whose analyzer is gitleaks, do the same', async () => {
    const ruleset = parse(readFileSync(inRoot('docs/scanning/gitlab-secret-detection.toml'), 'utf8')) as {
      secrets: { passthrough: { type: string; target: string; value: string }[] };
    };
    const [passthrough] = ruleset.secrets.passthrough;
    expect(passthrough).toMatchObject({ type: 'raw', target: 'gitleaks.toml' });
    // GitLab's own rules are a file of its image; those of gitleaks itself take their place here.
    const config = (passthrough?.value ?? '').replace('path = "/gitleaks.toml"', 'useDefault = true');
    expect(config).toContain('useDefault');
    const path = join(temporaryFolder('gitlab'), 'gitleaks.toml');
    writeFileSync(path, config);
    expectExactly(await gitleaks(path));
  });

  test('for TruffleHog do the same', async () => {
    const files = corpusCases.map((_, index) => fileOf(index));
    const { stdout } = await promisify(execFile)(tool('trufflehog-matcher'), [
      inRoot('docs/scanning/trufflehog.yaml'),
      ...files,
    ]);
    const rules: Record<string, Rule> = {
      PipecatCloudToken: 'token',
      PipecatCloudImportedToken: 'imported',
      PipecatCloudPrivateKey: 'key',
    };
    const findings: Findings = new Map();
    for (const line of stdout.trim().split('\n')) {
      const { file, detector, raw } = JSON.parse(line) as { file: string; detector: string; raw: string };
      add(findings, file, rules[detector] ?? detector, raw);
    }
    expectExactly(findings);
  });
});

test('token scan tells real ones from false alarms by the checksum', async () => {
  const cli = createCli({ port: 7400 });
  const result = await cli(['token', 'scan', corpus, '--json']);
  expect(result.code).toBe(1);
  const { found, credentials } = JSON.parse(result.stdout) as {
    found: { file: string; checksum: string; kind: string }[];
    credentials: number;
  };
  const real = found.filter(({ checksum, kind }) => checksum === 'right' && kind !== 'public').map(({ file }) => file);
  const wanted = corpusCases.flatMap(({ found: one, falseAlarm }, index) =>
    one && one.rule !== 'imported' && !falseAlarm ? [`case-${index}.txt`] : [],
  );
  expect(real.sort()).toEqual(wanted.sort());
  expect(credentials).toBe(wanted.length);
});
