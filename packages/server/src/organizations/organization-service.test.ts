import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { createAccountService } from '../accounts/account-service.js';
import type { NewAgent } from '../agents/agent-repository.js';
import { atOnce } from '../testing/at-once.js';
import { addMember, addToken, personIn } from '../testing/callers.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor, testRegion } from '../testing/two-organizations.js';
import { createOrganizationService, type OrganizationService } from './organization-service.js';

describe.each(databases)('organizations on $name', (database) => {
  let world: TwoOrganizations;
  let organizations: OrganizationService;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    organizations = createOrganizationService({ ...world, region: testRegion.code });
  });
  afterEach(() => world.drop());
  const owner = () => personIn(world.acme, 'u1', 'owner');
  const person = (userId: string): Principal => personIn(world.acme, userId, 'viewer').principal;
  const namesOf = async (userId: string) =>
    (await world.store.organizations.listOfUser(userId)).map(({ name, role }) => `${name} ${role}`);

  test('who makes one owns it, and keeps the default that they have', async () => {
    const made = await organizations.create(person('u1'), testActor, { name: 'third', verboseName: ' Third, Inc. ' });
    expect(made).toMatchObject({ name: 'third', verboseName: 'Third, Inc.', role: 'owner' });
    expect(await namesOf('u1')).toEqual(['acme owner', 'third owner']);
    expect(await world.store.audit.list(made.id, 5)).toMatchObject([{ action: 'organization.created', actorId: 'u1' }]);
    await world.store.accounts.insert(
      { id: 'new', email: 'new@x.example', defaultOrganizationId: null },
      world.clock.now(),
    );
    await organizations.create(person('new'), testActor, { name: 'fourth' });
    expect((await world.store.accounts.find('new'))?.defaultOrganizationId).toBeTruthy();
  });

  test('a name is taken once, also of two who want it at once', async () => {
    const taken = { status: 400, message: expect.stringContaining("'bolt' is taken") };
    await expect(organizations.create(person('u1'), testActor, { name: 'bolt' })).rejects.toMatchObject(taken);
    const both = ['u1', 'u2'].map((id) => organizations.create(person(id), testActor, { name: 'wanted' }));
    expect((await Promise.allSettled(both)).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('a name of spaces is refused', async () => {
    await expect(
      organizations.create(person('u1'), testActor, { name: 'third', verboseName: '  ' }),
    ).rejects.toMatchObject({
      status: 400,
    });
    await expect(organizations.update(owner(), { verboseName: ' ' })).rejects.toMatchObject({ status: 400 });
  });

  test('its readable name is changed by an admin, with both names on record', async () => {
    expect(await organizations.update(owner(), { verboseName: 'Acme, Ltd.' })).toMatchObject({
      verboseName: 'Acme, Ltd.',
    });
    expect(await world.store.audit.list('org-a', 1)).toMatchObject([{ detail: { from: 'acme', to: 'Acme, Ltd.' } }]);
    await addMember(world.store, 'org-a', 'dan', 'developer');
    await expect(
      organizations.update(personIn(world.acme, 'dan', 'admin'), { verboseName: 'x' }),
    ).rejects.toMatchObject({
      status: 403,
    });
    await expect(organizations.update(personIn(world.acme, 'u2', 'owner'), { verboseName: 'x' })).rejects.toMatchObject(
      {
        status: 403,
      },
    );
  });

  test('only an owner deletes it, and only without agents', async () => {
    await addMember(world.store, 'org-a', 'ada', 'admin');
    await expect(organizations.remove(personIn(world.acme, 'ada', 'admin'))).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('Only an owner may delete acme'),
    });
    // The role of a moment ago is not enough.
    await expect(organizations.remove(personIn(world.acme, 'ada', 'owner'))).rejects.toMatchObject({ status: 403 });
    await world.store.agents.insert(agent('bot'));
    await expect(organizations.remove(owner())).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('1 agent (bot). Delete it first'),
    });
    expect(await namesOf('u1')).toEqual(['acme owner']);
    await world.store.agents.markDeleted('org-a', 'agent-bot', world.clock.now());
    await organizations.remove(owner());
    expect(await namesOf('u1')).toEqual([]);
    await expect(organizations.remove(owner())).rejects.toMatchObject({ status: 404 });
  });

  test('with it ends what reaches it, and nothing else', async () => {
    const { store } = world;
    await addMember(store, 'org-a', 'dan', 'developer');
    await addMember(store, 'org-b', 'dan', 'viewer');
    const base = { description: '', createdAt: '2026-05-04T10:00:00.000Z', createdBy: null, disabledAt: null };
    await store.serviceAccounts.insert({ ...base, id: 'sa', organizationId: 'org-a', name: 'ci', role: 'developer' });
    await store.serviceAccounts.insert({ ...base, id: 'sb', organizationId: 'org-b', name: 'ci', role: 'developer' });
    const ofAccount = await addToken(store, { serviceAccount: { id: 'sa', organizationId: 'org-a' } });
    const ofOther = await addToken(store, { serviceAccount: { id: 'sb', organizationId: 'org-b' } });
    const bound = await addToken(store, { userId: 'dan' }, { grant: { organizations: ['org-a'] } });
    const both = await addToken(store, { userId: 'dan' }, { grant: { organizations: ['org-a', 'org-b'] } });
    for (const organizationId of ['org-a', 'org-b']) {
      await store.apiKeys.insert(organizationId, key(`key-${organizationId}`));
      await store.invitations.insert({
        ...{ id: `inv-${organizationId}`, organizationId, email: 'x@x.example', role: 'viewer', invitedBy: 'u1' },
        ...{ digest: organizationId, createdAt: base.createdAt, expiresAt: '2026-05-11T10:00:00.000Z' },
      });
    }

    await organizations.remove(owner());
    expect(await store.tokens.find(ofAccount)).toMatchObject({ revokedCause: 'service_account', revokedBy: 'u1' });
    expect(await store.tokens.find(bound)).toMatchObject({ revokedReason: expect.stringContaining('acme') });
    for (const id of [ofOther, both]) expect((await store.tokens.find(id))?.revokedAt).toBeNull();
    expect(await store.serviceAccounts.list('org-a')).toEqual([]);
    expect(await store.serviceAccounts.list('org-b')).toHaveLength(1);
    expect((await store.apiKeys.find('org-a', 'key-org-a'))?.revokedAt).toBeTruthy();
    expect((await store.apiKeys.find('org-b', 'key-org-b'))?.revokedAt).toBeNull();
    expect(await store.invitations.list('org-a')).toMatchObject([{ revokedAt: expect.any(String) }]);
    expect(await store.invitations.list('org-b')).toMatchObject([{ revokedAt: null }]);
    expect((await store.accounts.find('dan'))?.defaultOrganizationId).toBe('org-b');
    expect((await store.accounts.find('u1'))?.defaultOrganizationId).toBeNull();
    expect((await store.audit.list('org-a', 1))[0]).toMatchObject({
      action: 'organization.deleted',
      detail: { name: 'acme', apiKeys: ['key-org-a'], serviceAccounts: ['sa'], members: ['u1', 'dan'] },
    });
  });

  test('its name is free again, and what names the old one still says so', async () => {
    await organizations.remove(owner());
    expect(await world.store.organizations.findByName('acme')).toBeUndefined();
    expect(await world.store.organizations.findByName('acme~org-a')).toBeUndefined();
    expect(await world.store.organizations.find('org-a')).toBeUndefined();
    expect((await world.store.organizations.namesOf(['org-a'])).get('org-a')).toBe('acme');
    const made = await organizations.create(person('u2'), testActor, { name: 'acme' });
    expect(await world.store.organizations.findByName('acme')).toMatchObject({ id: made.id });
    // And a second time.
    await organizations.remove(personIn({ ...world.acme, id: made.id }, 'u2', 'owner'));
    await organizations.create(person('u2'), testActor, { name: 'acme' });
  });

  test('no agent comes into an organization that is being deleted', async () => {
    const deploy = () =>
      world.store.transaction(async (repos) => {
        if (!(await repos.organizations.holdLiving('org-a'))) return 'gone';
        return (await repos.agents.insert(agent('bot'))) ? 'made' : 'taken';
      });
    const [deleted, deployed] = await atOnce<unknown>(world, 'membership', [
      () => organizations.remove(owner()),
      deploy,
    ]);
    expect(deleted?.status).toBe('fulfilled');
    expect(deployed).toEqual({ status: 'fulfilled', value: 'gone' });
    expect(await world.store.agents.list('org-a')).toEqual([]);
  });

  describe('the default organization', () => {
    const set = (userId: string, name: string) =>
      createAccountService(world).setDefaultOrganization(person(userId), testActor, name);

    test('must be one of the caller’s, and comes first from then on', async () => {
      await addMember(world.store, 'org-b', 'u1', 'viewer');
      expect(await namesOf('u1')).toEqual(['acme owner', 'bolt viewer']);
      expect((await set('u1', 'bolt')).user).toEqual({ userId: 'u1', emails: [{ emailAddress: 'ann@acme.example' }] });
      expect(await namesOf('u1')).toEqual(['bolt viewer', 'acme owner']);
      const refusal = { status: 400, message: expect.stringMatching(/none of your organizations \(bolt\)/) };
      await expect(set('u2', 'acme')).rejects.toMatchObject(refusal);
      await expect(set('u2', 'absent')).rejects.toMatchObject(refusal);
      expect(await world.store.accounts.setDefault('u2', 'org-a')).toBe(false);
      expect((await world.store.accounts.find('u2'))?.defaultOrganizationId).toBe('org-b');
    });
  });

  const agent = (name: string): NewAgent => ({
    ...{ id: `agent-${name}`, organizationId: 'org-a', name, region: testRegion.code, minAgents: 0, maxAgents: 1 },
    ...{ reuseMaxSessions: null, reuseMaxMemoryPercent: null },
    ...{ websocketAuth: 'token', desiredDeploymentId: null, liveDeploymentId: null, reconciledDeploymentId: null },
    ...{ createdAt: '2026-05-04T10:00:00.000Z', updatedAt: '2026-05-04T10:00:00.000Z', deletedAt: null },
  });
  const key = (id: string) => ({
    ...{ id, type: 'private' as const, name: 'k', digest: id, pepperId: 'pep1', masked: 'sk_…', sealed: null },
    createdAt: '2026-05-04T10:00:00.000Z',
  });
});
