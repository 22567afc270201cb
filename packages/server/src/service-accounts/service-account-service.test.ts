import { permissions, rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { CreateServiceAccountBody } from '@pipecat-cloud/contract/service-accounts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccountService } from '../accounts/account-service.js';
import type { Notification } from '../notifications/notify.js';
import type { Caller } from '../organizations/caller.js';
import { addMember, addToken, personIn, tokenIn } from '../testing/callers.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createServiceAccountService, type ServiceAccountService } from './service-account-service.js';

describe.each(databases)('service accounts on $name', (database) => {
  let world: TwoOrganizations;
  let accounts: ServiceAccountService;
  let told: Notification[];
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    told = [];
    const notify = async (_repos: unknown, notification: Notification) => void told.push(notification);
    accounts = createServiceAccountService({ ...world, notify });
    await addMember(world.store, 'org-a', 'ada', 'admin');
  });
  afterEach(() => world.drop());
  const owner = () => personIn(world.acme, 'u1', 'owner');
  const theirs = () => personIn(world.bolt, 'u2', 'owner');
  const make = (name: string, role: CreateServiceAccountBody['role'] = 'developer', by: Caller = owner()) =>
    accounts.create(by, { name, role });
  /** The service account itself, through a token with these permissions. */
  const itself = (id: string, role: 'developer' | 'admin'): Caller => {
    const { organization, actor } = personIn(world.acme, id, role);
    const token = {
      id: 't',
      name: 't',
      kind: 'serviceAccount' as const,
      parentId: null,
      grant: {},
      createdAt: '',
      expiresAt: null,
      endsAt: null,
      lastUsedAt: null,
    };
    return {
      organization,
      principal: { kind: 'serviceAccount', serviceAccountId: id, organizationId: 'org-a', via: 'token', token },
      actor: { ...actor, kind: 'serviceAccount' },
    };
  };

  test('are made, listed by name, found by id and by name, changed and deleted', async () => {
    const ci = await accounts.create(owner(), { name: 'ci', role: 'developer', description: 'Deploys' });
    await make('bots', 'viewer');
    expect(ci).toEqual({
      ...{
        id: ci.id,
        name: 'ci',
        description: 'Deploys',
        role: 'developer',
        disabledAt: null,
        liveTokens: 0,
        trusts: [],
      },
      createdAt: '2026-05-04T10:00:00.000Z',
    });
    expect((await accounts.list('org-a')).map(({ name }) => name)).toEqual(['bots', 'ci']);
    expect(await accounts.get('org-a', ci.id)).toEqual(ci);
    expect(await accounts.get('org-a', 'ci')).toEqual(ci);
    expect(await accounts.update(owner(), 'ci', { role: 'viewer', description: '' })).toMatchObject({
      id: ci.id,
      role: 'viewer',
      description: '',
    });
    await accounts.remove(owner(), 'ci');
    await expect(accounts.get('org-a', ci.id)).rejects.toMatchObject({ status: 404 });
    const records = await world.store.audit.list('org-a', 10);
    expect(
      records
        .filter(({ target }) => target === ci.id)
        .map(({ action }) => action)
        .sort(),
    ).toEqual(['service_account.created', 'service_account.deleted', 'service_account.updated']);
    expect(records.find(({ action }) => action === 'service_account.updated')?.detail).toMatchObject({
      role: { from: 'developer', to: 'viewer' },
    });
    expect(told.map(({ subject }) => subject)).toContain('Service account ci of acme was deleted');
  });

  test('a name is taken once per organization, also at once, and free again after deletion', async () => {
    await make('ci');
    await expect(make('ci')).rejects.toMatchObject({ status: 409 });
    await make('ci', 'viewer', theirs());
    await accounts.remove(owner(), 'ci');
    const both = await Promise.allSettled([make('ci'), make('ci')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(make('0b0b0b0b-1111-4111-8111-0b0b0b0b0b0b')).rejects.toMatchObject({ status: 400 });
  });

  test('the list counts live tokens: neither revoked, expired nor past the deadline of a rotation', async () => {
    const { id } = await make('ci');
    const owner = { serviceAccount: { id, organizationId: 'org-a' } };
    await addToken(world.store, owner);
    await addToken(world.store, owner, { expiresAt: '2026-05-04T10:00:00.001Z' });
    await addToken(world.store, owner, { expiresAt: '2026-05-04T10:00:00.000Z' });
    const ending = await addToken(world.store, owner);
    await world.store.tokens.endAt(ending, world.clock.now());
    const revoked = await addToken(world.store, owner);
    await world.store.tokens.revoke([revoked], { by: null, cause: 'owner', reason: '' }, world.clock.now());
    await addToken(world.store, { userId: 'u1' });
    await make('idle');
    expect((await accounts.list('org-a')).map(({ name, liveTokens }) => [name, liveTokens])).toEqual([
      ['ci', 2],
      ['idle', 0],
    ]);
    expect(
      (await accounts.update({ ...personIn(world.acme, 'u1', 'owner') }, 'ci', { description: 'x' })).liveTokens,
    ).toBe(2);
  });

  test('disabling keeps the first time; enabling takes it back', async () => {
    const { id } = await make('ci');
    world.clock.advance(1000);
    const at = world.clock.now().toISOString();
    expect((await accounts.update(owner(), id, { disabled: true })).disabledAt).toBe(at);
    world.clock.advance(1000);
    const records = (await world.store.audit.list('org-a', 50)).length;
    expect((await accounts.update(owner(), id, { disabled: true })).disabledAt).toBe(at);
    expect(await world.store.audit.list('org-a', 50)).toHaveLength(records);
    expect((await accounts.update(owner(), id, { disabled: false })).disabledAt).toBeNull();
  });

  test('deleting ends its tokens at once, and what was derived from them', async () => {
    const { id } = await make('ci');
    const other = await make('other');
    const token = await addToken(world.store, { serviceAccount: { id, organizationId: 'org-a' } });
    const child = await addToken(world.store, { serviceAccount: { id, organizationId: 'org-a' } }, { parentId: token });
    const kept = await addToken(world.store, { serviceAccount: { id: other.id, organizationId: 'org-a' } });
    await accounts.remove(owner(), id);
    expect(await world.store.tokens.find(token)).toMatchObject({
      ...{ revokedCause: 'service_account', revokedBy: 'u1', revokedReason: expect.stringContaining('ci') },
    });
    expect((await world.store.tokens.find(child))?.revokedAt).toBeTruthy();
    expect((await world.store.tokens.find(kept))?.revokedAt).toBeNull();
  });

  test('a token makes and touches only service accounts whose role holds nothing that it lacks', async () => {
    const { id } = await make('ci', 'admin');
    const narrow = tokenIn(personIn(world.acme, 'ada', 'admin'), [...rolePermissions.viewer, 'members:write']);
    const refusal = { status: 403, details: { reason: 'missing_permission' } };
    await make('reader', 'viewer', narrow);
    await expect(make('deployer', 'developer', narrow)).rejects.toMatchObject(refusal);
    await expect(accounts.update(narrow, 'reader', { role: 'admin' })).rejects.toMatchObject(refusal);
    await expect(accounts.update(narrow, id, { disabled: true })).rejects.toMatchObject(refusal);
    await expect(accounts.remove(narrow, id)).rejects.toMatchObject(refusal);
    expect(await accounts.get('org-a', id)).toMatchObject({ role: 'admin', disabledAt: null });
    await make('boss', 'admin', tokenIn(personIn(world.acme, 'ada', 'admin'), permissions));
  });

  test('a service account raises itself no higher, and does nothing once it is disabled or demoted', async () => {
    const { id } = await make('robot', 'admin');
    await make('other', 'viewer', itself(id, 'admin'));
    await accounts.update(owner(), id, { role: 'developer' });
    // Its request was let in a moment ago, as an admin's.
    await expect(accounts.update(itself(id, 'admin'), id, { role: 'admin' })).rejects.toMatchObject({ status: 403 });
    await accounts.update(owner(), id, { role: 'admin', disabled: true });
    await expect(accounts.update(itself(id, 'admin'), id, { disabled: false })).rejects.toMatchObject({ status: 403 });
    await accounts.remove(owner(), id);
    await expect(make('third', 'viewer', itself(id, 'admin'))).rejects.toMatchObject({ status: 403 });
  });

  test('another organization neither sees nor changes it', async () => {
    const { id } = await make('ci');
    expect(await accounts.list('org-b')).toEqual([]);
    for (const name of [id, 'ci']) {
      await expect(accounts.get('org-b', name)).rejects.toMatchObject({ status: 404 });
      await expect(accounts.update(theirs(), name, { disabled: true })).rejects.toMatchObject({ status: 404 });
      await expect(accounts.remove(theirs(), name)).rejects.toMatchObject({ status: 404 });
    }
    await world.store.serviceAccounts.markDeleted('org-b', id, world.clock.now());
    await world.store.serviceAccounts.update('org-b', id, { role: 'admin' });
    expect(await accounts.get('org-a', id)).toMatchObject({ role: 'developer', disabledAt: null });
  });

  test('says in words who it is', async () => {
    const { id } = await make('ci');
    expect(await createAccountService(world).whoAmI(itself(id, 'developer').principal)).toEqual({
      user: { userId: 'serviceAccount/acme/ci', emails: [] },
    });
  });
});
