import { type AuditLine, chainStart, genesisHash, hashOf } from '@pipecat-cloud/contract/audit-chain';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { toHeadRow, toLine, toRow } from './audit-rows.js';
import { type Verification, verifyAll, verifyChain } from './chain-check.js';
import { installationChain, seal } from './chain-head.js';

const length = 12;
/** What only someone with the database, and without the keys, may do to it. */
type Attack = (world: TwoOrganizations, lines: AuditLine[], at: number, text: string) => Promise<void>;

const ofRecord = (world: TwoOrganizations, seq: number) => ({
  update: (values: object) =>
    world.db.updateTable('audit').set(values).where('chain', '=', 'org-a').where('seq', '=', seq).execute(),
  remove: () => world.db.deleteFrom('audit').where('chain', '=', 'org-a').where('seq', '=', seq).execute(),
});

/** Puts other records in the place of the chain's, hashes and head made to fit; only the seal can't be. */
async function replaceAll(world: TwoOrganizations, lines: readonly Omit<AuditLine, 'hash'>[]): Promise<void> {
  await world.db.deleteFrom('audit').where('chain', '=', 'org-a').execute();
  let [seq, hash] = [0, genesisHash];
  for (const line of lines) {
    const { hash: _, ...fields } = { ...line, hash: '', seq: ++seq, prevHash: hash };
    hash = hashOf(fields);
    await world.db
      .insertInto('audit')
      .values(toRow({ ...fields, hash }))
      .execute();
  }
  await world.db.updateTable('audit_chain').set({ seq, hash }).where('chain', '=', 'org-a').execute();
}

const fields = [
  'id',
  'at',
  'actor_kind',
  'actor_id',
  'credential_id',
  'parent_credential_id',
  'address',
  'user_agent',
  'ci_run',
  'action',
  'target',
] as const;

const attacks: Record<string, Attack> = {
  'a changed field': async (world, _, at, text) => {
    const field = fields[text.length % fields.length] as string;
    await ofRecord(world, at).update({ [field]: `changed ${text}` });
  },
  'a changed detail': async (world, _, at, text) => {
    await ofRecord(world, at).update({ detail_json: JSON.stringify({ text, changed: true }) });
  },
  'a detail that is no JSON any more': async (world, _, at) => {
    await ofRecord(world, at).update({ detail_json: '{' });
  },
  'a changed field with its hash made to fit': async (world, lines, at, text) => {
    const line = { ...(lines[at - 1] as AuditLine), target: `changed ${text}` };
    await ofRecord(world, at).update({ target: line.target, hash: hashOf(line) });
  },
  'a removed record': async (world, _, at) => {
    await ofRecord(world, at).remove();
  },
  'a removed record, the others moved up': async (world, lines, at) => {
    await ofRecord(world, at).remove();
    for (let seq = at + 1; seq <= lines.length; seq++) await ofRecord(world, seq).update({ seq: seq - 1 });
  },
  'a record put in': async (world, lines, at, text) => {
    for (let seq = lines.length; seq >= at; seq--) await ofRecord(world, seq).update({ seq: seq + 1 });
    const line = { ...(lines[at - 1] as AuditLine), id: 'new', target: text };
    await world.db
      .insertInto('audit')
      .values(toRow({ ...line, hash: hashOf(line) }))
      .execute();
  },
  'a record put after the end': async (world, lines, _, text) => {
    const { hash, seq, ...rest } = lines.at(-1) as AuditLine;
    const line = { ...rest, id: 'new', seq: seq + 1, prevHash: hash, target: text };
    await world.db
      .insertInto('audit')
      .values(toRow({ ...line, hash: hashOf(line) }))
      .execute();
  },
  'two records swapped': async (world, lines, at) => {
    const other = (at % lines.length) + 1;
    await ofRecord(world, at).update({ seq: 1000 });
    await ofRecord(world, other).update({ seq: at });
    await ofRecord(world, 1000).update({ seq: other });
  },
  'the tail cut': async (world, lines, at) => {
    for (let seq = at; seq <= lines.length; seq++) await ofRecord(world, seq).remove();
  },
  'the tail cut and the head moved': async (world, lines, at) => {
    for (let seq = at; seq <= lines.length; seq++) await ofRecord(world, seq).remove();
    const { seq, hash } = lines[at - 2] ?? chainStart;
    await world.db.updateTable('audit_chain').set({ seq, hash }).where('chain', '=', 'org-a').execute();
  },
  'the beginning cut and an anchor put there': async (world, lines, at) => {
    for (let seq = 1; seq <= at; seq++) await ofRecord(world, seq).remove();
    const anchor = { anchor_seq: at, anchor_hash: (lines[at - 1] as AuditLine).hash };
    await world.db.updateTable('audit_chain').set(anchor).where('chain', '=', 'org-a').execute();
  },
  'the whole chain rewritten without the key': async (world, lines, at, text) => {
    await replaceAll(
      world,
      lines.map((line) => (line.seq === at ? { ...line, target: `changed ${text}` } : line)),
    );
  },
  'the whole chain rewritten, sealed with another key': async (world, lines, at) => {
    await replaceAll(
      world,
      lines.filter(({ seq }) => seq !== at),
    );
    const { head } = await world.store.audit.state('org-a');
    if (!head) throw new Error('no head');
    const forged = toHeadRow({ ...head, mac: seal(Buffer.alloc(32, 9), head) });
    await world.db.updateTable('audit_chain').set(forged).where('chain', '=', 'org-a').execute();
  },
  "another chain's seal": async (world) => {
    const { head } = await world.store.audit.state('org-b');
    await world.db
      .updateTable('audit_chain')
      .set({ mac: head?.mac ?? '' })
      .where('chain', '=', 'org-a')
      .execute();
  },
  'the head removed': async (world) => {
    await world.db.deleteFrom('audit_chain').where('chain', '=', 'org-a').execute();
  },
  'everything removed': async (world) => {
    await world.db.deleteFrom('audit').where('chain', '=', 'org-a').execute();
    await world.db.deleteFrom('audit_chain').where('chain', '=', 'org-a').execute();
  },
};

describe.each(databases)('what someone with the database alone does to a chain is found on $name', (database) => {
  let world: TwoOrganizations;
  let lines: AuditLine[];
  const record = (organizationId: string | null, target: string) =>
    world.store.transaction((repos) =>
      world.audit.record(repos, testActor, { action: 'test.done', organizationId, target, detail: { target } }),
    );
  async function all() {
    const found: ({ chain: string } & Verification)[] = [];
    for await (const chain of verifyAll(world.store.audit)) found.push(chain);
    return found;
  }

  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    for (let index = 0; index < length; index++) await record('org-a', `t${index}`);
    await record('org-b', 'other');
    await record(null, 'installation');
    const rows = await world.db.selectFrom('audit').selectAll().where('chain', '=', 'org-a').orderBy('seq').execute();
    lines = rows.map(toLine);
  });
  afterEach(() => world.drop());

  test('nothing is found where nothing was done', async () => {
    expect((await all()).map(({ chain, ok }) => [chain, ok])).toEqual([
      ['org-a', true],
      ['org-b', true],
      [installationChain, true],
    ]);
  });

  /** Puts everything back as it was. */
  async function restore(heads: ReturnType<typeof toHeadRow>[], rows: ReturnType<typeof toRow>[]): Promise<void> {
    await world.db.deleteFrom('audit').execute();
    await world.db.deleteFrom('audit_chain').execute();
    await world.db.insertInto('audit').values(rows).execute();
    await world.db.insertInto('audit_chain').values(heads).execute();
  }

  test.each(Object.entries(attacks))('%s', async (name, attack) => {
    const heads = await world.db.selectFrom('audit_chain').selectAll().execute();
    const rows = await world.db.selectFrom('audit').selectAll().execute();
    const attempt = fc.asyncProperty(
      fc.integer({ min: 1, max: length }),
      fc.string({ maxLength: 20 }),
      async (at, text) => {
        await restore(heads, rows);
        await attack(world, lines, at, text.replaceAll('\0', ''));
        const found = await verifyChain(world.store.audit, 'org-a');
        expect(found.ok).toBe(false);
        expect(found.problem?.what).toBeTruthy();
        // The others are not blamed.
        expect((await verifyChain(world.store.audit, 'org-b')).ok).toBe(true);
        // Going on with it does not heal it: a new record must not make the forgery genuine.
        await record('org-a', 'later').catch(() => {});
        expect((await all()).every(({ ok }) => ok)).toBe(false);
        if (name !== 'everything removed') expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(false);
      },
    );
    await fc.assert(attempt, { numRuns: 15 });
  });

  test('a chain that was wiped out and began anew is missed by the installation’s', async () => {
    await attacks['everything removed']?.(world, lines, 1, '');
    await record('org-a', 'as if new');
    expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(true);
    expect((await all()).at(-1)).toMatchObject({
      chain: installationChain,
      ok: false,
      problem: { what: '3 chains of organizations were begun, 2 are there' },
    });
  });

  test('a verification names the first record that is wrong', async () => {
    await ofRecord(world, 5).update({ target: 'changed' });
    expect((await verifyChain(world.store.audit, 'org-a')).problem).toEqual({
      seq: 5,
      what: 'its fields do not give its hash: it was changed after it was written',
    });
  });

  test('a verification says how much of the end is gone', async () => {
    for (const seq of [11, 12]) await ofRecord(world, seq).remove();
    expect((await verifyChain(world.store.audit, 'org-a')).problem).toEqual({
      seq: 11,
      what: 'records 11 to 12, the newest, are missing',
    });
  });
});
