import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type AuditLine,
  canonicalJson,
  createChainChecker,
  exportedLine,
  genesisHash,
  hashOf,
  readLine,
} from './audit-chain.js';

const details = [
  null,
  { index: 1 },
  { z: { b: [1, { d: null, c: true }], a: 'ü 😀 \u2028' }, a: '"\\/\b\f\n\r\t\u0000\u001f\u007f' },
  { count: 9007199254740991, zero: 0, negative: -3 },
  {},
];
const lines: AuditLine[] = [];
for (const [index, detail] of details.entries()) {
  const fields = {
    ...{ seq: index + 1, prevHash: lines.at(-1)?.hash ?? genesisHash, id: `id-${index}`, organizationId: 'org' },
    ...{ at: '2026-05-04T10:00:00.000Z', actorKind: 'user', actorId: 'u1', credentialId: null, address: '::1' },
    ...{ parentCredentialId: null, userAgent: 'a "b" é', ciRun: null, action: 'test.done', target: 'тест', detail },
  };
  lines.push({ ...fields, hash: hashOf(fields) });
}

test('the hash is what it always was: stored chains depend on it', () => {
  expect(lines[0]?.hash).toBe('9bca8a029a20dee98a14bfb129bc1ec7ff074d9604ac9da8ed7e92925773f99e');
  expect(canonicalJson({ b: [1, 'x'], a: { d: null, c: 'é' } })).toBe('{"a":{"c":"é","d":null},"b":[1,"x"]}');
});

test('a line is read back as it was written, whatever stands in it', () => {
  for (const line of lines) expect(readLine(exportedLine(line))).toEqual(line);
});

test('the order in which members stand in memory changes no hash', () => {
  const [line] = lines as [AuditLine];
  expect(hashOf(Object.fromEntries(Object.entries(line).reverse()) as unknown as AuditLine)).toBe(line.hash);
});

test('the first problem stays the answer', () => {
  const checker = createChainChecker();
  const [first, second, third, fourth] = lines as [AuditLine, AuditLine, AuditLine, AuditLine];
  expect(checker.add(first)).toBeUndefined();
  const problem = checker.add(third);
  expect(problem).toMatchObject({ seq: 3, what: 'record 2 is missing before it' });
  expect(checker.add(second)).toEqual(problem);
  expect(checker.add(fourth)).toEqual(problem);
  expect(checker.state).toEqual({ records: 1, from: 1, last: { seq: 1, hash: first.hash } });
});

test('a record of another organization has no place in the chain', () => {
  const [first, second] = lines as [AuditLine, AuditLine];
  const fields = { ...second, organizationId: 'other' };
  const checker = createChainChecker();
  checker.add(first);
  expect(checker.add({ ...fields, hash: hashOf(fields) })?.what).toBe('it belongs to another chain');
});

const python = spawnSync('python3', ['--version']).status === 0;
test.skipIf(!python)('the program in docs/audit.md comes to the same hashes, and finds a change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-chain-'));
  try {
    const page = await readFile(new URL('../../../docs/audit.md', import.meta.url), 'utf8');
    const program = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const check = async (records: readonly AuditLine[]) => {
      const file = join(folder, 'audit.jsonl');
      await writeFile(file, records.map((line) => `${exportedLine(line)}\n`).join(''));
      return spawnSync('python3', ['-c', program, file], { encoding: 'utf8' });
    };
    const whole = await check(lines);
    expect([whole.status, whole.stdout.trim()]).toEqual([0, lines.at(-1)?.hash]);
    const changed = await check(lines.map((line) => (line.seq === 4 ? { ...line, target: 'other' } : line)));
    expect([changed.status, changed.stderr]).toEqual([1, expect.stringContaining('record 4 was changed')]);
    const gap = await check(lines.filter(({ seq }) => seq !== 3));
    expect([gap.status, gap.stderr]).toEqual([1, expect.stringContaining('record 4 does not follow')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
