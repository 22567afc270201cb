import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type AuditLine, exportedLine, genesisHash, hashOf } from '@pipecat-cloud/contract/audit-chain';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
const route = '/v1/organizations/acme/audit';
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

function chain(length: number): AuditLine[] {
  let prevHash = genesisHash;
  return Array.from({ length }, (_, index) => {
    const fields = {
      ...{ seq: index + 1, prevHash, id: `id-${index}`, organizationId: 'org-a', at: '2026-05-04T10:00:00.000Z' },
      ...{ actorKind: 'token', actorId: 'usr_1', credentialId: 'tok_1', parentCredentialId: null },
      ...{ address: '192.0.2.1', userAgent: 'curl', ciRun: null, action: 'secret.set_changed', target: `set-${index}` },
      detail: { keys: ['A', 'ü'], index },
    };
    prevHash = hashOf(fields);
    return { ...fields, hash: prevHash };
  });
}
const lines = chain(8);
const hashAt = (seq: number) => lines[seq - 1]?.hash ?? '';
const jsonl = (records: readonly AuditLine[]) => records.map((line) => `${exportedLine(line)}\n`).join('');
const file = (records: readonly AuditLine[]) => cli.file('audit.jsonl', jsonl(records));

describe('audit list', () => {
  test('passes its filters on and prints a table, newest first', async () => {
    const names = { usr_1: 'ann@acme.example' };
    server.routes[`GET ${route}`] = { json: { records: lines.toReversed().slice(0, 2), names, nextCursor: 7 } };
    const filters = ['--actor', 'usr_1', '--action', 'secret.', '--credential', 'tok_1', '--target', 'set-7'];
    const args = ['audit', 'list', ...filters, '--address', '192.0.2.1', '--since', '2026-05-01', '--limit', '2'];
    const { code, stdout, stderr } = await cli.run(args, { env });
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]?.split('\t')).toEqual([
      ...['SEQ', 'TIME (UTC)', 'ACTION', 'TARGET', 'ACTOR', 'CREDENTIAL', 'ADDRESS'],
    ]);
    expect(stdout).toMatch(
      /^8\t2026-05-04 10:00:00\tsecret\.set_changed\tset-7\ttoken ann@acme\.example\ttok_1\t192\.0\.2\.1$/m,
    );
    expect(stderr).toContain('There are more');
    expect(Object.fromEntries(new URL(`http://x${server.requests[0]?.url}`).searchParams)).toEqual({
      ...{ actor: 'usr_1', action: 'secret.', credential: 'tok_1', target: 'set-7', address: '192.0.2.1' },
      ...{ since: '2026-05-01T00:00:00.000Z', limit: '2' },
    });
  });

  test('goes on to further pages up to its limit', async () => {
    server.routes[`GET ${route}`] = ({ url }) => {
      const cursor = Number(new URL(`http://x${url}`).searchParams.get('cursor') ?? 9);
      const records = lines.filter(({ seq }) => seq < cursor).toReversed();
      return {
        json: { records: records.slice(0, 3), names: {}, nextCursor: records.length > 3 ? records[2]?.seq : null },
      };
    };
    const { stdout } = await cli.run(['audit', 'list', '--json'], { env });
    const { records, nextCursor } = JSON.parse(stdout) as { records: AuditLine[]; nextCursor: null };
    expect(records).toEqual(lines.toReversed());
    expect(nextCursor).toBeNull();
  });

  test('nothing found is said, and is no failure', async () => {
    server.routes[`GET ${route}`] = { json: { records: [], names: {}, nextCursor: null } };
    const outcome = await cli.run(['audit', 'list', '--since', '7d'], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: '' });
    expect(outcome.stderr).toContain('No audit records match');
  });

  test.each([
    ['--since', 'yesterday'],
    ['--until', '5'],
    ['--limit', '0'],
  ])('%s %s is a matter of usage', async (...args) => {
    expect((await cli.run(['audit', 'list', ...args], { env })).code).toBe(2);
    expect(server.requests).toEqual([]);
  });
});

describe('audit export', () => {
  beforeEach(() => {
    server.routes[`GET ${route}/export`] = { type: 'application/x-ndjson; charset=utf-8', text: jsonl(lines) };
  });

  test('writes the lines to standard output, and nothing else there', async () => {
    const outcome = await cli.run(['audit', 'export', '--since', '2026-05-01T00:00:00Z'], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: jsonl(lines) });
    expect(outcome.stderr).toContain('Exporting');
    expect(server.requests[0]?.url).toContain('since=2026-05-01T00%3A00%3A00.000Z');
  });

  test('writes a file for its owner alone, whose check then needs no server', async () => {
    const path = join(cli.folder, 'written.jsonl');
    const outcome = await cli.run(['audit', 'export', '--file', path, '--json'], { env });
    expect(JSON.parse(outcome.stdout)).toEqual({ file: path, records: 8 });
    expect(await readFile(path, 'utf8')).toBe(jsonl(lines));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await cli.run(['audit', 'verify', '--file', path])).code).toBe(0);
  });

  test('an answer that breaks off leaves no file, and the earlier one as it was', async () => {
    const http = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(jsonl(lines.slice(0, 2)), () => response.destroy());
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const path = await cli.file('kept/audit.jsonl', 'earlier');
    const host = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const outcome = await cli.run(['audit', 'export', '--file', path], { env: { ...env, PIPECAT_API_HOST: host } });
    http.close();
    expect(outcome.code).toBe(12);
    expect(await readFile(path, 'utf8')).toBe('earlier');
    expect(await readdir(join(path, '..'))).toEqual(['audit.jsonl']);
  });

  test('a refusal of the API, and another server’s page, are what they are elsewhere', async () => {
    const json = { error: 'No', code: '403', reason: 'missing_permission' };
    server.routes[`GET ${route}/export`] = { status: 403, json };
    expect((await cli.run(['audit', 'export'], { env })).code).toBe(6);
    server.routes[`GET ${route}/export`] = { type: 'text/html', text: '<html>' };
    expect(await cli.run(['audit', 'export'], { env })).toMatchObject({ code: 12, stdout: '' });
    server.routes[`GET ${route}/export`] = { json: { records: [] } };
    expect(await cli.run(['audit', 'export'], { env })).toMatchObject({ code: 12, stdout: '' });
  });

  test('a folder that is not there, and --json without a file, are refused', async () => {
    const nowhere = join(cli.folder, 'nowhere/x.jsonl');
    expect((await cli.run(['audit', 'export', '--file', nowhere], { env })).stderr).toContain('it does not exist');
    expect((await cli.run(['audit', 'export', '--json'], { env })).code).toBe(2);
  });
});

describe('audit verify by the server', () => {
  const good = { ok: true, records: 8, from: 1, to: 8, headHash: hashAt(8) };

  test('a whole chain exits 0 and prints the head', async () => {
    server.routes[`GET ${route}/verify`] = { json: good };
    const { code, stdout } = await cli.run(['audit', 'verify'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('8 records, 1 to 8: the chain is whole');
    expect(stdout).toContain(`Head: ${hashAt(8)}`);
    expect(JSON.parse((await cli.run(['audit', 'verify', '--json'], { env })).stdout)).toEqual(good);
  });

  test('a broken one exits 1 and names the record', async () => {
    const problem = { seq: 5, what: 'it was changed' };
    server.routes[`GET ${route}/verify`] = { json: { ...good, ok: false, problem } };
    const outcome = await cli.run(['audit', 'verify'], { env });
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('broken at record 5: it was changed');
    const json = await cli.run(['audit', 'verify', '--json'], { env });
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([1, { code: 'AUDIT_CHAIN_BROKEN' }]);
  });
});

describe('audit verify of an export', () => {
  const verify = (path: string, ...args: string[]) => cli.run(['audit', 'verify', '--file', path, ...args]);

  test('says what it shows and what no file can show', async () => {
    const { code, stdout } = await verify(await file(lines));
    expect(code).toBe(0);
    expect(stdout).toContain('8 records, 1 to 8: the chain is whole');
    expect(stdout).toContain('it begins with the first record');
    expect(stdout).toContain('not shown  that the newest records are all here');
    expect(server.requests).toEqual([]);
  });

  test('a later part is whole, but its beginning is not shown', async () => {
    const { code, stdout } = await verify(await file(lines.slice(3)));
    expect(code).toBe(0);
    expect(stdout).toContain('not shown  what records 1 to 3 were');
  });

  test('with the hash of the head, everything up to it is shown', async () => {
    const { code, stdout } = await verify(await file(lines), '--head', hashAt(8), '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { ok: true, to: 8, headHash: hashAt(8), notProven: [] }]);
    const older = await verify(await file(lines), '--head', hashAt(6));
    expect(older.stdout).toContain('everything up to record 6 is what it was');
    expect(older.stdout).toContain('not shown  that records 7 to 8 are all there were');
  });

  test('with the hash of the head, a cut tail is found: exit 1', async () => {
    const outcome = await verify(await file(lines.slice(0, 6)), '--head', hashAt(8));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('the record with the hash given by --head is not in the file');
  });

  const changed = (seq: number, change: Partial<AuditLine>) =>
    lines.map((line) => (line.seq === seq ? { ...line, ...change } : line));
  const rehashed = (seq: number, target: string) => {
    const line = { ...(lines[seq - 1] as AuditLine), target };
    return changed(seq, { target, hash: hashOf(line) });
  };
  test.each<[string, AuditLine[], number]>([
    ['a changed field', changed(4, { target: 'other' }), 4],
    ['a changed detail', changed(4, { detail: { index: 99 } }), 4],
    ['a changed field with a new hash', rehashed(4, 'other'), 5],
    ['a missing record', lines.filter(({ seq }) => seq !== 4), 5],
    ['a record twice', lines.flatMap((line) => (line.seq === 4 ? [line, line] : [line])), 4],
    ['the order', lines.toReversed(), 7],
    ['a first record that is none', rehashed(1, 'other').slice(0, 1).concat(lines.slice(1)), 2],
  ])('%s is found: exit 1', async (_, records, seq) => {
    const outcome = await verify(await file(records));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`broken at record ${seq}:`);
  });

  test.each([
    ['a member twice', jsonl(lines).replace('{"action":', '{"action":"x","action":')],
    ['a member more', jsonl(lines).replace('{"action":', '{"aa":1,"action":')],
    ['a line that breaks off', jsonl(lines).slice(0, -20)],
    ['deep nesting', `${'['.repeat(100_000)}\n`],
    ['something else', 'hello\n'],
  ])('%s is no export: exit 1', async (_, text) => {
    const outcome = await verify(await cli.file('odd.jsonl', text));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/line \d is not a record/);
  });

  test('a file that is not there, and a head that is no hash, are refused', async () => {
    expect((await verify(join(cli.folder, 'gone.jsonl'))).stderr).toContain('it does not exist');
    expect((await verify(await file(lines), '--head', 'abc')).code).toBe(2);
    expect((await cli.run(['audit', 'verify', '--head', hashAt(8)], { env })).code).toBe(2);
  });
});
