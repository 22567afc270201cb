import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import type { NewToken } from '../tokens/stored-token.js';
import type { Notification } from './notify.js';
import { createNotify } from './outbox.js';
import { sendReminders } from './reminders.js';

const dayMs = 24 * 60 * 60 * 1000;

describe.each(databases)('reminders on $name', (database) => {
  let world: TwoOrganizations;
  let sent: Notification[];
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    sent = [];
  });
  afterEach(() => world.drop());

  const inDays = (days: number) => new Date(world.clock.now().getTime() + days * dayMs).toISOString();
  const token = (id: string, days: number | null, change: Partial<NewToken> = {}) =>
    world.store.tokens.insert({
      ...{ id, kind: 'personal', userId: 'u1', name: id, digest: id, pepperId: 'p', masked: 'pcc_pat_…a1b2' },
      ...{ legacy: false, grant: {}, createdAt: inDays(0), expiresAt: days === null ? null : inDays(days) },
      ...change,
    });
  const serviceAccount = (id: string, disabled = false) =>
    world.db
      .insertInto('service_account')
      .values({
        ...{ id, organization_id: 'org-a', name: id, description: '', role: 'developer', created_at: inDays(0) },
        disabled_at: disabled ? inDays(0) : null,
      })
      .execute();
  const ofServiceAccount = (id: string): Partial<NewToken> => ({
    ...{ kind: 'serviceAccount', userId: null, serviceAccount: { id, organizationId: 'org-a' } },
  });
  const remind = async () => {
    const before = sent.length;
    const notify = createNotify({ ...world, nudge: () => {} });
    await sendReminders({
      ...world,
      notify: async (repos, notification) => {
        sent.push(notification);
        await notify(repos, notification);
      },
    });
    return sent.slice(before).map(({ data }) => `${data.name} ${data.daysLeft}`);
  };

  test('at 30, 14, 7, 3 and 1 days, once each', async () => {
    await token('year', 365);
    await token('endless', null);
    const told: string[] = [];
    for (let day = 0; day <= 366; day++) {
      const remaining = 365 - day;
      told.push(...(await remind()).map((text) => `${text} at ${remaining}`));
      expect(await remind()).toEqual([]);
      world.clock.advance(dayMs);
    }
    expect(told).toEqual(['year 30 at 30', 'year 14 at 14', 'year 7 at 7', 'year 3 at 3', 'year 1 at 1']);
  });

  test('the mail names the token, its last use, its last CI run and the way to renew it', async () => {
    await token('Deploy', 90);
    await world.store.tokens.recordUse({
      ...{ id: 'Deploy', at: inDays(1), address: '192.0.2.7', userAgent: 'x', permissions: 0 },
      ciRun: 'https://ci.example/run/7',
    });
    world.clock.advance(83 * dayMs);
    expect(await remind()).toEqual(['Deploy 7']);
    const [mail] = await world.store.notifications.claim('mail', 9, world.clock.now(), world.clock.now());
    expect(mail?.to).toEqual({ channel: 'mail', email: 'ann@acme.example' });
    expect(mail?.subject).toBe('Token "Deploy" expires in 7 days');
    expect(mail?.path).toBe('/account/tokens');
    expect(mail?.text).toContain('(pcc_pat_…a1b2) of ann@acme.example expires on 2026-08-02 10:00 UTC');
    expect(mail?.text).toContain('Last used on 2026-05-05 10:00 UTC from 192.0.2.7.');
    expect(mail?.text).toContain('https://ci.example/run/7');
    expect(mail?.text).toContain('pipecat cloud token rotate Deploy');
  });

  test('after days without a server only the nearest threshold is made up for', async () => {
    await token('long', 200);
    world.clock.advance(195 * dayMs);
    expect(await remind()).toEqual(['long 7']);
  });

  test('a life of no more than twice the threshold gets no reminder at it', async () => {
    await token('week', 7);
    await token('fortnight', 14);
    await token('hour', 1 / 24);
    const told: string[] = [];
    for (let day = 0; day < 15; day++) {
      told.push(...(await remind()));
      world.clock.advance(dayMs);
    }
    expect(told.sort()).toEqual(['fortnight 1', 'fortnight 3', 'week 1', 'week 3']);
  });

  test('a clock that jumps back and forth tells nobody twice', async () => {
    await token('jumpy', 90);
    const told: string[] = [];
    for (const days of [85, -80, 62, -10, 15, 4, -60, 74, -2, 2]) {
      world.clock.advance(days * dayMs);
      told.push(...(await remind()));
    }
    expect(told.length).toBeGreaterThan(1);
    expect(new Set(told).size).toBe(told.length);
  });

  test('several control planes at once tell once', async () => {
    await token('shared', 90);
    world.clock.advance(85 * dayMs);
    await Promise.all([remind(), remind(), remind(), remind()]);
    const mails = await world.store.notifications.claim('mail', 9, world.clock.now(), world.clock.now());
    expect(mails.map(({ subject }) => subject)).toEqual(['Token "shared" expires in 7 days']);
  });

  test('of a token that is pending, replaced, revoked or expired nobody is reminded', async () => {
    await token('replaced', 90);
    await token('successor', 90, { predecessor: { id: 'replaced', familyId: 'replaced' } });
    await token('ending', 90);
    await world.store.tokens.endAt('ending', new Date(inDays(88)));
    await token('revoked', 90);
    await world.store.tokens.revoke(['revoked'], { by: null, cause: 'owner', reason: '' }, world.clock.now());
    await token('expired', 80);
    world.clock.advance(85 * dayMs);
    expect(await remind()).toEqual([]);
    await world.store.tokens.activate('successor', world.clock.now());
    expect(await remind()).toEqual(['successor 7']);
  });

  test("a service account's token is told to its organization, by mail and webhook; a disabled one's to nobody", async () => {
    await serviceAccount('ci');
    await serviceAccount('resting', true);
    await token('runner', 90, ofServiceAccount('ci'));
    await token('asleep', 90, ofServiceAccount('resting'));
    await world.store.webhooks.insert('org-a', {
      ...{ id: 'w1', url: 'https://example.com/', kinds: ['token.expiring'], sealed: 'x', createdAt: inDays(0) },
      createdBy: null,
    });
    world.clock.advance(89.5 * dayMs);
    expect(await remind()).toEqual(['runner 1']);
    const now = world.clock.now();
    const mails = await world.store.notifications.claim('mail', 9, now, now);
    expect(mails.map(({ to }) => to)).toEqual([{ channel: 'mail', email: 'ann@acme.example' }]);
    expect(mails[0]?.text).toContain('token rotate runner --service-account ci');
    const [posted] = await world.store.notifications.claim('webhook', 9, now, now);
    expect(posted?.to).toMatchObject({ organizationId: 'org-a', webhookId: 'w1' });
    expect(posted?.data).toMatchObject({ tokenId: 'runner', owner: { kind: 'serviceAccount', id: 'ci' } });
  });

  test('more tokens than one page, of which many end at the same instant', async () => {
    const rows = Array.from({ length: 1203 }, (_, n) => ({
      ...{ id: `t${n}`, kind: 'personal', user_id: 'u1', family_id: `t${n}`, name: `t${n}`, digest: `t${n}` },
      ...{ pepper_id: 'p', masked: 'pcc_pat_…a1b2', legacy: 0, grant_json: '{}', created_at: inDays(0) },
      ...{ activated_at: inDays(0), expires_at: inDays(90 + (n % 2) / 100) },
    }));
    for (let n = 0; n < rows.length; n += 300) {
      await world.db
        .insertInto('token')
        .values(rows.slice(n, n + 300))
        .execute();
    }
    world.clock.advance(89.5 * dayMs);
    expect(await remind()).toHaveLength(1203);
    expect(await remind()).toEqual([]);
  });
});
