import { createAccessCache } from '../access/access-cache.js';
import { createAccessFacts } from '../access/access-facts.js';
import { createAuthorizer } from '../access/authorize.js';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import { createAudit } from '../audit/audit-service.js';
import { createStore } from '../db/store.js';
import { createRegions } from '../regions/regions.js';
import { systemIds } from '../system.js';
import type { TestDatabase } from './databases.js';

/** A clock that moves only when told. */
export function createFakeClock(start = '2026-05-04T10:00:00.000Z') {
  let time = new Date(start).getTime();
  return {
    now: () => new Date(time),
    advance: (ms: number) => {
      time += ms;
    },
  };
}
export type FakeClock = ReturnType<typeof createFakeClock>;

export const testRegion = { code: 'us-west', name: 'This machine' };
export const testActor: Actor = { kind: 'user', id: 'u1', credentialId: null, address: '192.0.2.1' };
export const testKeys = {
  peppers: [{ id: 'pep1', key: Buffer.alloc(32, 1) }],
  masters: [{ id: 'mas1', key: Buffer.alloc(32, 2) }],
};

/** An open database with two people and an organization of each; what a service is usually made from comes with it. */
export async function openTwoOrganizations(database: TestDatabase) {
  const opened = await database.open();
  const store = createStore(opened);
  const clock = createFakeClock();
  const organizations: OrganizationAccess[] = [];
  for (const [id, name, userId, email] of [
    ['org-a', 'acme', 'u1', 'ann@acme.example'],
    ['org-b', 'bolt', 'u2', 'bob@bolt.example'],
  ] as const) {
    const defaultRegion = testRegion.code;
    await store.accounts.insert({ id: userId, email, defaultOrganizationId: id }, clock.now());
    await store.organizations.insert({ id, name, verboseName: name, defaultRegion }, clock.now());
    await store.organizations.addMember(id, userId, 'owner', clock.now());
    organizations.push({ id, name, defaultRegion, role: 'owner', permissions: new Set() });
  }
  const [acme, bolt] = organizations as [OrganizationAccess, OrganizationAccess];
  const cache = createAccessCache();
  // Tests write past the services, so nothing is remembered.
  cache.setUsable(false);
  const authorizer = createAuthorizer({
    facts: createAccessFacts({ store, cache }),
    clock,
    publicUrl: 'http://localhost:7400',
  });
  const audit = createAudit({ clock, ids: systemIds });
  const regions = createRegions({ store, own: testRegion });
  return { ...opened, store, clock, ids: systemIds, audit, authorizer, regions, acme, bolt };
}
export type TwoOrganizations = Awaited<ReturnType<typeof openTwoOrganizations>>;

/** Every row of every table as text: for tests that look for what must not be stored. */
export async function everythingStored({ db }: Pick<TwoOrganizations, 'db'>): Promise<string> {
  const tables = await db.introspection.getTables();
  const rows = await Promise.all(
    tables.map(
      async ({ name }) =>
        await db
          .selectFrom(name as 'setting')
          .selectAll()
          .execute(),
    ),
  );
  return JSON.stringify(rows);
}
