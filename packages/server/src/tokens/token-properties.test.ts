import {
  explicitPermissions,
  type Permission,
  permissions,
  type Role,
  rolePermissions,
  roles,
} from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Principal, tokenOf } from '../access/principal.js';
import { AppError } from '../errors.js';
import { type AccessWorld, openAccessWorld } from '../testing/access-world.js';
import { databases, type TestDatabase } from '../testing/databases.js';
import { effectivePermissions } from './grants.js';
import type { StoredToken } from './stored-token.js';

const cases = 10_000;
const dayMs = 24 * 60 * 60 * 1000;
let world: AccessWorld;
beforeAll(async () => {
  world = await openAccessWorld(databases[0] as TestDatabase);
});
afterAll(() => world.end());

/** Few permissions, so that wider and narrower grants meet often. */
const some = [
  'tokens:write',
  'logs:read',
  'agents:deploy',
  'secrets:write',
  'members:write',
] as const satisfies readonly Permission[];
const grant: fc.Arbitrary<Grant> = fc.record(
  {
    permissions: fc.oneof(
      // With what it takes to make others, more often than chance would have it.
      {
        weight: 3,
        arbitrary: fc
          .subarray([...some])
          .map((list) => [...new Set<Permission>([...list, 'tokens:write', 'members:write'])]),
      },
      { weight: 1, arbitrary: fc.subarray([...some]) },
    ),
    agents: fc.subarray(['aa', 'bb'], { minLength: 1 }),
  },
  { requiredKeys: [] },
);
const life = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ expiresInDays: fc.constantFrom(1, 5, 30, 100) }) },
  { weight: 1, arbitrary: fc.constant({ expiresInDays: null }) },
);
/** Counted from the newest. */
const which = fc.nat({ max: 3 });
const by = fc.oneof({ weight: 2, arbitrary: fc.constant('person' as const) }, { weight: 1, arbitrary: which });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mint' as const), by, grant, life }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('derive' as const), by, from: which, grant, life }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rotate' as const),
      by,
      from: which,
      life,
      overlapHours: fc.constantFrom(0, 24),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('adopt' as const),
      from: which,
      role: fc.constantFrom('viewer', 'developer', 'admin'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('issue' as const),
      by,
      role: fc.constantFrom('viewer', 'developer', 'admin'),
      grant,
      life,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('role' as const), role: fc.constantFrom(...roles, null) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('policy' as const), maxTokenDays: fc.constantFrom(null, 1, 10) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), from: which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.constantFrom(1, 3, 20) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A token as the test knows it: where it came from, whatever the database says. */
interface Known {
  id: string;
  value: string;
  /** The token that minted it or that it was derived from. */
  origin?: Known;
  derived: boolean;
}

/** What a derived token makes ends with it, as what is derived from it does. */
const fromMaker = (maker: Known | undefined) =>
  maker ? { origin: maker, derived: maker.derived } : { derived: false };

async function run(steps: readonly Step[]): Promise<void> {
  const org = await world.organization();
  const userId = await world.person([{ id: org.id, role: 'admin' }]);
  const boss = world.signedIn(await world.person([{ id: org.id, role: 'owner' }]));
  const person = world.signedIn(userId);
  const tokens: Known[] = [];
  const pick = (index: number) => tokens.at(-1 - (index % tokens.length));

  async function principalFor(who: 'person' | number): Promise<{ principal: Principal; token?: Known } | undefined> {
    if (who === 'person') return { principal: person };
    const token = pick(who);
    return token && { principal: await world.authenticate(token.value), token };
  }

  async function take(step: Step): Promise<void> {
    if (step.do === 'role') return await world.setRole(org.id, userId, step.role as Role | null);
    if (step.do === 'policy') return await world.setPolicy(org.id, { maxTokenDays: step.maxTokenDays });
    if (step.do === 'wait') return world.clock.advance(step.days * dayMs);
    const caller = 'by' in step ? await principalFor(step.by) : { principal: person };
    if (!caller) return;
    const { principal, token: origin } = caller as { principal: Principal; token?: Known };
    const actor = world.actor(principal);
    if (step.do === 'mint') {
      if (principal.kind !== 'user') return;
      const made = await world.tokens.create(principal, actor, { name: 't', grant: step.grant, ...step.life });
      tokens.push({ id: made.token.id, value: made.value, ...fromMaker(origin) });
      return;
    }
    if (step.do === 'issue') {
      const account = await world.serviceAccount(org.id, step.role as Role);
      const access = await world.authorizer.authorize(principal, org.id, { needs: 'members:write' }, '192.0.2.1');
      const body = { name: 's', grant: step.grant, ...step.life };
      const made = await world.organizationTokens.createForServiceAccount(access, principal, actor, account, body);
      const issued = await world
        .authenticate(made.value)
        .then((one) => world.access(one, org.id).catch(() => undefined));
      for (const name of issued?.permissions ?? [])
        if (!access.permissions.has(name)) throw new Error(`${name} was issued by a caller without it`);
      tokens.push({ id: made.token.id, value: made.value, ...fromMaker(origin) });
      return;
    }
    const token = pick(step.from);
    if (!token) return;
    if (step.do === 'derive') {
      const made = await world.tokens.derive(principal, actor, token.id, {
        name: 'd',
        grant: step.grant,
        ...step.life,
      });
      tokens.push({ id: made.token.id, value: made.value, derived: true, origin: token });
    }
    if (step.do === 'rotate') {
      const stored = await world.tokens.findOwn(principal, token.id);
      const { overlapHours, life: wanted } = step;
      const caller = tokenOf(principal);
      const made = await world.rotation.rotate(principal, actor, stored, { overlapHours, ...wanted });
      if (caller && caller.id !== token.id) {
        const { expiresAt } = made.token;
        if (caller.expiresAt !== null && (expiresAt === null || expiresAt > caller.expiresAt))
          throw new Error('a token got hold of one that outlives it');
        subset(effectivePermissions('owner', stored.grant), effectivePermissions('owner', caller.grant), 'the caller');
      }
      const { origin: parent, derived } = token;
      const index = tokens.findIndex(({ id }) => id === made.token.id);
      const known = { id: made.token.id, value: made.value, derived, ...(parent ? { origin: parent } : {}) };
      if (index >= 0) tokens[index] = known;
      else tokens.push(known);
    }
    if (step.do === 'adopt') {
      const account = await world.serviceAccount(org.id, step.role as Role);
      const access = await world.access(boss, org.id);
      const before = await holds(await stored(token.id), org.id);
      await world.organizationTokens.adopt(access, boss, world.actor(boss), token.id, account);
      subset(await holds(await stored(token.id), org.id), before, 'the token before its adoption');
    }
    if (step.do === 'revoke') await world.tokens.revoke(principal, actor, token.id);
  }

  // Most rules are about a token and its child.
  await take({ do: 'mint', by: 'person', grant: {}, life: { expiresInDays: 30 } });
  for (const next of steps) {
    const refused = await take(next).then(
      () => false,
      (error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        return true;
      },
    );
    // A refusal changes nothing; if it did, the next step would show it.
    if (!refused) await check(org.id, tokens);
  }
}

const stored = async (id: string) => (await world.store.tokens.find(id)) as StoredToken;

/** What the token may do there now. Not by using it: the first use of a successor ends its predecessor. */
async function holds(token: StoredToken, organizationId: string): Promise<ReadonlySet<Permission>> {
  const { owner } = token;
  const principal: Principal =
    owner.kind === 'user'
      ? { kind: 'user', userId: owner.id, via: 'token', token }
      : { kind: 'serviceAccount', serviceAccountId: owner.id, organizationId, via: 'token', token };
  return await world.access(principal, organizationId).then(
    ({ permissions: held }) => held,
    () => new Set(),
  );
}

function subset(inner: ReadonlySet<Permission>, outer: ReadonlySet<Permission>, what: string): void {
  for (const name of inner) if (!outer.has(name)) throw new Error(`${name} is more than ${what} holds`);
}

/** What must hold after every step. Looks at rows and answers, not at what the services believe. */
async function check(organizationId: string, tokens: readonly Known[]): Promise<void> {
  const now = world.clock.now().toISOString();
  const rows = new Map<string, Awaited<ReturnType<typeof world.store.tokens.find>>>();
  for (const { id } of tokens) rows.set(id, await world.store.tokens.find(id));
  for (const { id, derived, origin } of tokens) {
    const row = rows.get(id);
    if (!row) throw new Error('a token is gone');
    const over = row.revokedAt !== null || [row.expiresAt, row.endsAt].some((end) => end !== null && end <= now);
    const { owner } = row;
    const role =
      owner.kind === 'user'
        ? (await world.store.organizations.listOfUser(owner.id)).find((one) => one.id === organizationId)?.role
        : owner.role;
    const held = await holds(row, organizationId);
    const listed = row.grant.permissions;
    for (const name of held)
      if (listed ? !listed.includes(name) : explicitPermissions.has(name)) throw new Error(`${name} was not granted`);
    for (const name of held)
      if (!role || !rolePermissions[role].has(name)) throw new Error(`${name} without a role for it`);
    const parent = origin && rows.get(origin.id);
    if (!parent || over) continue;
    if (parent.expiresAt !== null && (row.expiresAt === null || row.expiresAt > parent.expiresAt))
      throw new Error('a life past the one it came from');
    if (!derived) continue;
    const parentOver =
      parent.revokedAt !== null || [parent.expiresAt, parent.endsAt].some((end) => end !== null && end <= now);
    if (parentOver) throw new Error('a derived token outlived its parent');
    // With the same owner, the grant alone decides which of the two is wider.
    subset(effectivePermissions('owner', row.grant), effectivePermissions('owner', parent.grant), 'the parent');
  }
}

test(`in ${cases} generated lives no token holds what its owner lacks, nor lives past the one it came from`, async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      for (const { do: name } of steps) seen.add(name);
      await run(steps);
    }),
    { numRuns: cases },
  );
  expect(seen.size).toBe(9);
  expect(permissions).toEqual(expect.arrayContaining([...some]));
}, 900_000);
