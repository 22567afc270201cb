import type { Role } from '@pipecat-cloud/contract/permissions';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import type { Mail, Notification } from '../notifications/notify.js';
import { atOnce } from '../testing/at-once.js';
import { addMember, personIn, tokenIn } from '../testing/callers.js';
import { databases } from '../testing/databases.js';
import {
  everythingStored,
  openTwoOrganizations,
  type TwoOrganizations,
  testKeys,
} from '../testing/two-organizations.js';
import { createInvitationAcceptance, type InvitationAcceptance } from './invitation-acceptance.js';
import { createInvitationService, type InvitationService } from './invitation-service.js';

const digests = createCredentialDigests(testKeys.peppers);
const dayMs = 24 * 60 * 60 * 1000;
const visitor: Actor = { kind: 'nobody', id: null, credentialId: null, address: '198.51.100.9' };

describe.each(databases)('invitations on $name', (database) => {
  let world: TwoOrganizations;
  let invitations: InvitationService;
  let acceptance: InvitationAcceptance;
  let mails: Mail[];
  let told: Notification[];
  let failures: unknown[];
  let mailServer: 'up' | 'down';
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    [mails, told, failures, mailServer] = [[], [], [], 'up'];
    invitations = createInvitationService({
      ...world,
      digests,
      publicUrl: 'https://cloud.example',
      notify: async (_repos, notification) => void told.push(notification),
      sendMail: async (mail) => {
        if (mailServer === 'down') throw new Error('no mail server');
        mails.push(mail);
      },
      onMailFailed: (error) => void failures.push(error),
    });
    acceptance = createInvitationAcceptance({
      ...world,
      digests,
      throttle: createThrottle({ clock: world.clock, limit: 3, windowSeconds: 600 }),
      startSession: async (_repos, userId, oldCookie) => `session of ${userId} after ${oldCookie}`,
    });
    await addMember(world.store, 'org-a', 'ada', 'admin');
  });
  afterEach(() => world.drop());
  const owner = () => personIn(world.acme, 'u1', 'owner');
  const invite = async (email: string, role: Role = 'developer', by = owner()) => {
    const { link, invitation } = await invitations.create(by, { email, role });
    return { id: invitation.id, code: link.split('#code=')[1] ?? '', link };
  };
  const accept = (userId: string, code: string) =>
    acceptance.accept(personIn(world.acme, userId, 'viewer').principal, { ...visitor, kind: 'user', id: userId }, code);
  const roleOf = async (userId: string) => (await world.store.members.find('org-a', userId))?.role;
  const states = async () => (await invitations.list('org-a')).map(({ email, state }) => [email, state]);

  test('the link is mailed and returned once; only its digest is kept', async () => {
    const { link, code } = await invite('New@Person.example');
    expect(link).toMatch(/^https:\/\/cloud\.example\/invite#code=[0-9a-f]{40}$/);
    await vi.waitFor(() =>
      expect(mails).toMatchObject([{ to: 'new@person.example', text: expect.stringContaining(link) }]),
    );
    const stored = await everythingStored(world);
    expect(stored).toContain('new@person.example');
    expect(stored).not.toContain(code);
    expect(JSON.stringify(told)).not.toContain(code);
    expect(told).toMatchObject([{ kind: 'member.invited', organizationId: 'org-a' }]);
    expect(await invitations.list('org-a')).toMatchObject([
      { email: 'new@person.example', role: 'developer', state: 'pending', expiresAt: '2026-05-11T10:00:00.000Z' },
    ]);
    expect(await invitations.list('org-b')).toEqual([]);
  });

  test('a mail server that is down stops nothing, and what it says carries no code', async () => {
    mailServer = 'down';
    const { code } = await invite('bob@bolt.example');
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    expect(String(failures[0])).not.toContain(code);
    expect(await accept('u2', code)).toEqual({ organization: 'acme', role: 'developer' });
  });

  test('nobody invites above the own role, nor a token above what it holds', async () => {
    const admin = personIn(world.acme, 'ada', 'admin');
    await expect(invite('x@x.example', 'owner', admin)).rejects.toMatchObject({ status: 403 });
    await invite('x@x.example', 'admin', admin);
    const narrow = tokenIn(owner(), ['org:read', 'members:write']);
    await expect(invite('y@y.example', 'viewer', narrow)).rejects.toMatchObject({ status: 403 });
    // Another organization's owner has no role here.
    await expect(invite('y@y.example', 'viewer', personIn(world.acme, 'u2', 'owner'))).rejects.toMatchObject({
      status: 403,
    });
    expect(await states()).toEqual([['x@x.example', 'pending']]);
  });

  test('a member is not invited again; a second invitation replaces the first', async () => {
    await expect(invite('ANN@acme.example')).rejects.toMatchObject({ status: 409 });
    const first = await invite('bob@bolt.example', 'admin');
    const second = await invite('Bob@bolt.example', 'viewer');
    expect((await states()).sort()).toEqual([
      ['bob@bolt.example', 'pending'],
      ['bob@bolt.example', 'revoked'],
    ]);
    await expect(accept('u2', first.code)).rejects.toMatchObject({ status: 404 });
    expect(await accept('u2', second.code)).toEqual({ organization: 'acme', role: 'viewer' });
  });

  test('invitations to one address at once leave one open', async () => {
    const five = Array.from({ length: 5 }, () => () => invite('bob@bolt.example'));
    await atOnce(world, 'invitation', five);
    expect((await states()).filter(([, state]) => state === 'pending')).toHaveLength(1);
  });

  test('one that was taken back opens nothing; taking back may be repeated, by this organization alone', async () => {
    const { id, code } = await invite('bob@bolt.example');
    await expect(invitations.revoke(personIn(world.bolt, 'u2', 'owner'), id)).rejects.toMatchObject({ status: 404 });
    await invitations.revoke(owner(), id);
    await invitations.revoke(owner(), id);
    await expect(accept('u2', code)).rejects.toMatchObject({ status: 404 });
    const records = await world.store.audit.list('org-a', 10);
    expect(records.filter(({ action }) => action === 'invitation.revoked')).toHaveLength(1);
    const toOwner = await invite('bob@bolt.example', 'owner');
    await expect(invitations.revoke(personIn(world.acme, 'ada', 'admin'), toOwner.id)).rejects.toMatchObject({
      status: 403,
    });
  });

  test('the person who signed in with the invited address becomes a member, once', async () => {
    const { id, code } = await invite('bob@bolt.example');
    expect(await accept('u2', code)).toEqual({ organization: 'acme', role: 'developer' });
    expect(await roleOf('u2')).toBe('developer');
    expect((await world.store.accounts.find('u2'))?.defaultOrganizationId).toBe('org-b');
    expect(
      (await world.store.audit.list('org-a', 20)).find(({ action }) => action === 'invitation.accepted'),
    ).toMatchObject({
      actorId: 'u2',
      target: id,
      detail: { email: 'bob@bolt.example', role: 'developer' },
    });
    await expect(accept('u2', code)).rejects.toMatchObject({ status: 404 });
    await expect(invitations.revoke(owner(), id)).rejects.toMatchObject({ status: 409 });
    // The row decides too, whoever asks it.
    expect(await world.store.invitations.accept(id, world.clock.now())).toBe(false);
    const late = await invite('late@x.example');
    expect(await world.store.invitations.accept(late.id, new Date(world.clock.now().getTime() + 7 * dayMs))).toBe(
      false,
    );
    await invitations.revoke(owner(), late.id);
    expect(await world.store.invitations.accept(late.id, world.clock.now())).toBe(false);
  });

  test('another address is refused with the way out, and the invitation stays open', async () => {
    const { code } = await invite('someone@else.example');
    const refusal = await accept('u2', code).catch((error) => error);
    expect(refusal).toMatchObject({ status: 403, message: expect.stringMatching(/bob@bolt\.example.*Sign out/) });
    // Whoever holds a link is not told whose it is.
    expect(refusal.message).not.toContain('someone@else.example');
    expect(await states()).toEqual([['someone@else.example', 'pending']]);
  });

  test('it is open for seven days, to the millisecond', async () => {
    const { code } = await invite('bob@bolt.example');
    world.clock.advance(7 * dayMs - 1);
    expect(await states()).toEqual([['bob@bolt.example', 'pending']]);
    world.clock.advance(1);
    expect(await states()).toEqual([['bob@bolt.example', 'expired']]);
    await expect(accept('u2', code)).rejects.toMatchObject({ status: 404 });
    expect(await roleOf('u2')).toBeUndefined();
  });

  test('accepting at once, by the person and as a newcomer, makes one member', async () => {
    const { code } = await invite('bob@bolt.example');
    const results = await atOnce(world, 'invitation', [() => accept('u2', code), () => accept('u2', code)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const newcomer = await invite('new@person.example');
    const attempts = [1, 2, 3].map(() => () => acceptance.acceptAsNewcomer(visitor, newcomer.code, undefined));
    const accepted = (await atOnce(world, 'invitation', attempts)).filter(({ status }) => status === 'fulfilled');
    expect(accepted).toHaveLength(1);
    expect((await world.store.members.list('org-a')).map(({ email }) => email)).toContain('new@person.example');
  });

  test('a newcomer gets an account, the organization as the default, and a fresh session', async () => {
    const { code } = await invite('New@Person.example', 'viewer');
    const { session, ...accepted } = await acceptance.acceptAsNewcomer(visitor, code, 'old cookie');
    expect(accepted).toEqual({ organization: 'acme', role: 'viewer' });
    const account = await world.store.accounts.findByEmail('new@person.example');
    expect(account).toMatchObject({ defaultOrganizationId: 'org-a' });
    expect(session).toBe(`session of ${account?.id} after old cookie`);
    expect(await roleOf(account?.id ?? '')).toBe('viewer');
  });

  test('who has an account signs in first: a link is no second way in', async () => {
    const { code } = await invite('bob@bolt.example');
    await expect(acceptance.acceptAsNewcomer(visitor, code, undefined)).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('Sign in'),
    });
    expect(await roleOf('u2')).toBeUndefined();
    expect(await accept('u2', code)).toMatchObject({ organization: 'acme' });
  });

  test('wrong codes are throttled by address and leave a record', async () => {
    const { code } = await invite('new@person.example');
    const guess = (address = visitor.address) =>
      acceptance.acceptAsNewcomer({ ...visitor, address }, `${code.slice(1)}0`, undefined);
    for (let n = 0; n < 3; n++) await expect(guess()).rejects.toMatchObject({ status: 404 });
    await expect(guess()).rejects.toMatchObject({ status: 429 });
    await expect(acceptance.acceptAsNewcomer(visitor, code, undefined)).rejects.toMatchObject({ status: 429 });
    await expect(guess('203.0.113.5')).rejects.toMatchObject({ status: 404 });
    const stored = await everythingStored(world);
    expect(stored).toContain('invitation.refused');
    world.clock.advance(600_000);
    await acceptance.acceptAsNewcomer(visitor, code, undefined);
  });
});
