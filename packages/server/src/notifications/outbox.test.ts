import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../db/store.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import type { ClaimedDelivery } from './notification-repository.js';
import type { Notification, Notify } from './notify.js';
import { createNotify } from './outbox.js';
import { emptyOutbox, leaseMs, type Outcome } from './sender.js';

const log = pino({ enabled: false });
const never = new AbortController().signal;
const notice: Notification = {
  kind: 'service_account.changed',
  organizationId: 'org-a',
  subject: 'It changed',
  text: 'In full',
  data: { id: 's1' },
};

describe.each(databases)('the outbox on $name', (database) => {
  let world: TwoOrganizations;
  let notify: Notify;
  let nudges: number;
  let sent: ClaimedDelivery[];
  let outcome: Outcome;

  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    nudges = 0;
    sent = [];
    outcome = { delivered: true };
    notify = createNotify({ ...world, nudge: () => void nudges++ });
  });
  afterEach(() => world.drop());

  const say = (change: Partial<Notification> = {}) =>
    world.store.transaction((repos) => notify(repos, { ...notice, ...change }));
  const empty = (channel: 'mail' | 'webhook' = 'mail', store = world.store) =>
    emptyOutbox(
      {
        ...world,
        store,
        log,
        channel,
        concurrency: 2,
        deliver: async (delivery) => {
          sent.push(delivery);
          return outcome;
        },
      },
      never,
    );
  const addWebhook = (id: string, organizationId: string, kinds: readonly ('member.invited' | typeof notice.kind)[]) =>
    world.store.webhooks.insert(organizationId, {
      ...{ id, url: 'https://example.com/', kinds, sealed: 'x', createdAt: world.clock.now().toISOString() },
      createdBy: null,
    });
  const addMember = async (id: string, organizationId: string, role: 'admin' | 'developer') => {
    await world.store.accounts.insert({ id, email: `${id}@x.example`, defaultOrganizationId: null }, world.clock.now());
    await world.store.organizations.addMember(organizationId, id, role, world.clock.now());
  };
  const emails = () => sent.map(({ to }) => (to.channel === 'mail' ? to.email : '')).sort();

  test('owners and admins of the organization are told, and nobody else', async () => {
    await addMember('adam', 'org-a', 'admin');
    await addMember('dora', 'org-a', 'developer');
    await say();
    expect(nudges).toBe(1);
    await empty();
    expect(emails()).toEqual(['adam@x.example', 'ann@acme.example']);
    expect(sent[0]).toMatchObject({ kind: notice.kind, subject: 'It changed', text: 'In full', attempt: 1 });
    await empty();
    expect(sent).toHaveLength(2);
  });

  test('who is named is told once each, and with an organization its webhooks that asked for the kind', async () => {
    await addWebhook('w1', 'org-a', [notice.kind]);
    await addWebhook('w2', 'org-a', ['member.invited']);
    await addWebhook('w3', 'org-b', [notice.kind]);
    await say({ userIds: ['u2', 'u2'] });
    await empty();
    await empty('webhook');
    expect(sent.map(({ to }) => to)).toEqual([
      { channel: 'mail', email: 'bob@bolt.example' },
      { channel: 'webhook', organizationId: 'org-a', webhookId: 'w1' },
    ]);
  });

  test("what is a person's own goes to no webhook", async () => {
    await addWebhook('w1', 'org-a', [notice.kind]);
    await say({ organizationId: null, userIds: ['u1'] });
    await empty('webhook');
    expect(sent).toEqual([]);
  });

  test('a change that fails is told to nobody and wakes nobody', async () => {
    const failing = world.store.transaction(async (repos) => {
      await notify(repos, notice);
      throw new Error('the change failed');
    });
    await expect(failing).rejects.toThrow('the change failed');
    expect(nudges).toBe(0);
    await empty();
    expect(sent).toEqual([]);
  });

  test('subjects are one line and credentials in names are taken out', async () => {
    const token = `pcc_pat_${'a'.repeat(48)}`;
    await say({ subject: `A\r\nBcc: x@y\u0000\u202e ${token}`, text: `It is ${token} here`, data: { name: token } });
    await empty();
    expect(sent[0]?.subject).toBe('A Bcc: x@y pcc_pat_[redacted]');
    expect(sent[0]?.text).toBe('It is pcc_pat_[redacted] here');
    expect(sent[0]?.data).toEqual({ name: 'pcc_pat_[redacted]' });
  });

  test('a failed delivery is tried again, ever later, for about a day, and then given up', async () => {
    await addWebhook('w1', 'org-a', [notice.kind]);
    await say({ userIds: [] });
    outcome = { delivered: false, error: 'it answered 500' };
    const started = world.clock.now().getTime();
    const shown = async () => (await world.store.notifications.listOfWebhook('org-a', 'w1', 10))[0];
    let waited = 0;
    for (;;) {
      await empty('webhook');
      const delivery = await shown();
      if (delivery?.state !== 'pending') break;
      expect(delivery.lastError).toBe('it answered 500');
      const wait = Date.parse(delivery.nextAttemptAt ?? '') - world.clock.now().getTime();
      expect(wait).toBeGreaterThanOrEqual(waited);
      waited = wait;
      world.clock.advance(wait - 1);
      const before = sent.length;
      await empty('webhook');
      expect(sent).toHaveLength(before);
      world.clock.advance(1);
    }
    expect(await shown()).toMatchObject({ state: 'failed', attempts: 11, nextAttemptAt: null });
    const hours = (world.clock.now().getTime() - started) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
    world.clock.advance(365 * 24 * 3_600_000);
    await empty('webhook');
    expect(sent).toHaveLength(11);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
  });

  test('a success after failures ends it', async () => {
    await addWebhook('w1', 'org-a', [notice.kind]);
    await say({ userIds: [] });
    outcome = { delivered: false, error: 'it answered 500' };
    await empty('webhook');
    world.clock.advance(60_000);
    outcome = { delivered: true };
    await empty('webhook');
    const [delivery] = await world.store.notifications.listOfWebhook('org-a', 'w1', 10);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 2, lastError: null });
    expect(await world.store.notifications.listOfWebhook('org-b', 'w1', 10)).toEqual([]);
  });

  test('what a sender that died had taken is sent again after the lease, and not before', async () => {
    await say();
    const { notifications } = world.store;
    const until = new Date(world.clock.now().getTime() + leaseMs);
    expect(await notifications.claim('mail', 10, world.clock.now(), until)).toHaveLength(1);
    world.clock.advance(leaseMs - 1);
    await empty();
    expect(sent).toEqual([]);
    world.clock.advance(1);
    await empty();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.attempt).toBe(2);
  });

  test('a sender that was overtaken spoils nothing', async () => {
    await say();
    const { notifications } = world.store;
    const soon = new Date(world.clock.now().getTime() + 1);
    const [first] = await notifications.claim('mail', 10, world.clock.now(), soon);
    world.clock.advance(1);
    const later = new Date(world.clock.now().getTime() + leaseMs);
    const [second] = await notifications.claim('mail', 10, world.clock.now(), later);
    if (!first || !second) throw new Error('Both should have got it');
    // The first one fails late: the second one's attempt goes on.
    await notifications.tryAgainAt(first.id, first.attempt, world.clock.now(), 'late');
    await notifications.giveUp(first.id, first.attempt, world.clock.now(), 'late');
    await notifications.release(first.id, first.attempt, world.clock.now());
    await empty();
    expect(sent).toEqual([]);
    await notifications.markDelivered(first.id, world.clock.now());
    await notifications.tryAgainAt(second.id, second.attempt, world.clock.now(), 'no');
    world.clock.advance(leaseMs * 2);
    await empty();
    expect(sent).toEqual([]);
  });

  test('many senders at once share the work; each delivery goes out once', async () => {
    for (let n = 0; n < 12; n++) await say({ subject: `Number ${n}` });
    const other = createStore(world);
    await Promise.all([empty(), empty('mail', other), empty(), empty('mail', other)]);
    expect(sent).toHaveLength(12);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(12);
  });

  test('an unexpected error is an attempt that failed, and stops no other delivery', async () => {
    await addMember('adam', 'org-a', 'admin');
    await say();
    const deliver = async (delivery: ClaimedDelivery): Promise<Outcome> => {
      sent.push(delivery);
      if (sent.length === 1) throw new TypeError('a bug');
      return { delivered: true };
    };
    await emptyOutbox({ ...world, log, channel: 'mail', concurrency: 5, deliver }, never);
    expect(sent).toHaveLength(2);
    world.clock.advance(10_000);
    await empty();
    expect(sent).toHaveLength(3);
  });

  test('what is broken off because the server closes is no attempt', async () => {
    await say();
    const closing = new AbortController();
    const deliver = async (): Promise<Outcome> => {
      closing.abort();
      return { delivered: false, error: 'broken off' };
    };
    await emptyOutbox({ ...world, log, channel: 'mail', concurrency: 5, deliver }, closing.signal);
    await empty();
    expect(sent[0]?.attempt).toBe(1);
  });

  test('after thirty days nothing of it is left', async () => {
    await say();
    world.clock.advance(1000);
    await world.store.notifications.prune(world.clock.now());
    expect(await world.db.selectFrom('delivery').selectAll().execute()).toEqual([]);
    await empty();
    expect(sent).toEqual([]);
  });
});
