import type { Token } from '@pipecat-cloud/contract/tokens';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { createPolicyService } from '../organizations/policy-service.js';
import { type AccessWorld, openAccessWorld } from '../testing/access-world.js';
import { databases } from '../testing/databases.js';

describe.each(databases)('what an organization sees of tokens that reach others too, on $name', (database) => {
  let world: AccessWorld;
  let org: { id: string; name: string };
  let other: { id: string; name: string };
  let admin: Principal;
  let person: Principal;

  beforeEach(async () => {
    world = await openAccessWorld(database);
    [org, other] = [await world.organization(), await world.organization()];
    admin = world.signedIn(await world.person([{ id: org.id, role: 'admin' }]));
    person = world.signedIn(await world.person([org, other].map(({ id }) => ({ id, role: 'admin' as const }))));
    for (const [name, grant] of Object.entries({
      'acts as its owner': {},
      'names both': { organizations: [org.name, other.name] },
      'names one': { organizations: [org.name] },
    })) {
      const { value } = await world.tokens.create(person, world.actor(person), { name, grant, expiresInDays: 60 });
      await world.authenticate(value, '203.0.113.7');
    }
    await world.uses.flush();
  });
  afterEach(() => world.end());

  const seen = (tokens: readonly Token[]) =>
    Object.fromEntries(
      tokens.map(({ name, grant, lastUsedAt, lastUsedAddress, lastUsedUserAgent }) => [
        name,
        { organizations: grant.organizations, used: lastUsedAt !== null, from: lastUsedAddress, by: lastUsedUserAgent },
      ]),
    );
  const outOfSight = { used: true, from: null, by: null };
  const expected = () => ({
    'acts as its owner': { organizations: undefined, ...outOfSight },
    'names both': { organizations: [org.name], ...outOfSight },
    'names one': { organizations: [org.name], used: true, from: '203.0.113.7', by: 'test' },
  });

  test('its list names no other organization, nor where such a token was used', async () => {
    const listed = await world.organizationTokens.list(await world.access(admin, org.id));
    expect(seen(listed)).toEqual(expected());
  });

  test('nor does a panic', async () => {
    const access = await world.access(admin, org.id);
    const { revoked } = await world.panic.ofOrganization(access, admin, world.actor(admin), { since: '2020-01-01' });
    expect(seen(revoked)).toEqual(expected());
  });

  test('nor does the dry run of a policy', async () => {
    const { stopped } = await createPolicyService({ ...world, audit: { record: () => expect.fail() } as never }).dryRun(
      org.id,
      { maxTokenDays: 30 },
    );
    expect(seen(stopped.map(({ token }) => token))).toEqual(expected());
  });

  test('their owner sees it all, and so does an organization that is the only one they reach', async () => {
    const own = seen(await world.tokens.list(person));
    expect(own['names both']).toMatchObject({ organizations: [org.name, other.name], from: '203.0.113.7' });
    await world.setRole(other.id, (person as { userId: string }).userId, null);
    const listed = seen(await world.organizationTokens.list(await world.access(admin, org.id)));
    expect(listed['acts as its owner']).toMatchObject({ from: '203.0.113.7' });
  });

  test('of a service account, which has one organization, everything is shown', async () => {
    const access = await world.access(admin, org.id);
    const account = await world.serviceAccount(org.id, 'viewer');
    const body = { name: 'of an account' };
    const { organizationTokens: tokens } = world;
    const { value } = await tokens.createForServiceAccount(access, admin, world.actor(admin), account, body);
    await world.authenticate(value, '203.0.113.8');
    await world.uses.flush();
    expect(seen(await tokens.list(access))['of an account']).toMatchObject({ from: '203.0.113.8', by: 'test' });
  });
});
