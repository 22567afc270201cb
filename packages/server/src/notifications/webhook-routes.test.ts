import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createFakeClock, type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';
import { signatureFits, startWebhookReceiver, type WebhookReceiver } from '../testing/webhook-receiver.js';
import { createPostWebhook } from './post-webhook.js';

let plane: Harness;
let receiver: WebhookReceiver;
let acme: TestOrganization;
let admin: Member;
let stranger: Member;
const clock = createFakeClock();

beforeAll(async () => {
  plane = await harness({ clock, postWebhook: createPostWebhook({ allowPrivate: true }) });
});
afterAll(() => plane.end());
beforeEach(async () => {
  receiver = await startWebhookReceiver();
  acme = await plane.organization(`acme-${crypto.randomUUID().slice(0, 8)}`);
  admin = await acme.member('admin');
  const other = await plane.organization(`bolt-${crypto.randomUUID().slice(0, 8)}`);
  stranger = await other.member('owner');
});
afterEach(() => receiver.close());

const path = (rest = '') => `/v1/organizations/${acme.name}/webhooks${rest}`;
const create = (body: object = { url: 'https://example.com/hook' }, token = admin.token) =>
  plane.call(token, 'POST', path(), body);

/** Through the repository: this server's setting allows no address of this machine in new webhooks. */
async function pointAtReceiver(id: string): Promise<void> {
  const { sealed, kinds, createdAt, createdBy } = (await plane.store.webhooks.find(acme.id, id)) ?? {
    ...{ sealed: '', kinds: [], createdAt: '', createdBy: null },
  };
  await plane.store.webhooks.remove(acme.id, id);
  await plane.store.webhooks.insert(acme.id, { id, url: receiver.url, sealed, kinds, createdAt, createdBy });
}

test('the secret is shown once, and stored sealed', async () => {
  const made = await create({ url: 'https://example.com/hook', kinds: ['token.expiring'] });
  expect(made.status).toBe(200);
  expect(made.headers['cache-control']).toBe('no-store');
  expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const list = await plane.call(admin.token, 'GET', path());
  expect(list.body).toEqual({
    webhooks: [
      {
        id: made.body.webhook.id,
        url: 'https://example.com/hook',
        kinds: ['token.expiring'],
        createdAt: clock.now().toISOString(),
      },
    ],
  });
  const stored = await plane.store.webhooks.find(acme.id, made.body.webhook.id);
  expect(stored?.sealed).toMatch(/^v1\./);
  expect(stored?.sealed).not.toContain(made.body.secret.slice(6, 20));
  const audited = (await plane.store.audit.list(acme.id, 10)).find(({ action }) => action === 'webhook.created');
  expect(audited).toMatchObject({ target: made.body.webhook.id, detail: { host: 'example.com' } });
  expect(JSON.stringify(audited)).not.toContain('/hook');
});

test('every kind where none is named', async () => {
  expect((await create()).body.webhook.kinds).toContain('credential.leaked');
});

test.each([
  [{ url: 'http://example.com/' }, 'https'],
  [{ url: 'https://127.0.0.1/' }, "can't be posted to"],
  [{ url: 'https://2130706433/' }, "can't be posted to"],
  [{ url: 'nonsense' }, 'looks like'],
  [{ url: 'https://example.com/', kinds: [] }, ''],
  [{ url: 'https://example.com/', kinds: ['agent.started'] }, ''],
  [{ url: 'https://example.com/', secret: 'mine' }, ''],
  [{ url: `https://example.com/${'x'.repeat(2000)}` }, ''],
  [{}, ''],
])('%j is refused before anything is stored', async (body, text) => {
  const answer = await create(body);
  expect(answer.status).toBe(400);
  expect(answer.body.error).toContain(text);
  expect(await plane.store.webhooks.list(acme.id)).toEqual([]);
});

test('twenty of an organization, also when they are made at once', async () => {
  const answers = await Promise.all(Array.from({ length: 22 }, () => create()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
  expect(answers.find(({ status }) => status === 409)?.body.error).toContain('which is the most');
  expect(await plane.store.webhooks.list(acme.id)).toHaveLength(20);
});

test('members without org:write and people of other organizations reach nothing of it', async () => {
  const { id } = (await create()).body.webhook;
  const viewer = await acme.member('viewer');
  const developer = await acme.member('developer');
  const calls = [
    ['GET', path()],
    ['POST', path()],
    ['DELETE', path(`/${id}`)],
    ['POST', path(`/${id}/test`)],
    ['GET', path(`/${id}/deliveries`)],
  ] as const;
  for (const { token } of [viewer, developer, stranger]) {
    for (const [method, url] of calls) {
      const body = method === 'POST' ? { url: 'https://example.com/' } : undefined;
      expect((await plane.call(token, method, url, body)).status).toBe(403);
    }
  }
  expect(await plane.store.webhooks.list(acme.id)).toHaveLength(1);
});

test('one of another organization is not found through ours', async () => {
  const { id } = (await create()).body.webhook;
  const organization = (await plane.store.organizations.listOfUser(stranger.userId))[0]?.name;
  const foreign = `/v1/organizations/${organization}/webhooks/${id}`;
  for (const [method, url] of [
    ['DELETE', foreign],
    ['POST', `${foreign}/test`],
    ['GET', `${foreign}/deliveries`],
  ] as const) {
    expect((await plane.call(stranger.token, method, url)).status).toBe(404);
  }
});

test('a test message carries a signature that fits, and its outcome is the answer', async () => {
  const { webhook, secret } = (await create()).body;
  await pointAtReceiver(webhook.id);
  const answer = await plane.call(admin.token, 'POST', path(`/${webhook.id}/test`));
  expect(answer).toMatchObject({ status: 200, body: { delivered: true, status: 204, error: null } });
  const [received] = receiver.received;
  if (!received) throw new Error('Nothing arrived');
  expect(signatureFits(secret, received)).toBe(true);
  expect(signatureFits(secret, { ...received, body: received.body.replace('test', 'best') })).toBe(false);
  expect(received.headers['webhook-timestamp']).toBe(String(clock.now().getTime() / 1000));
  expect(JSON.parse(received.body)).toMatchObject({ type: 'webhook.test', data: { organizationId: acme.id } });

  receiver.answer = (_, response) => response.writeHead(503).end();
  const failed = await plane.call(admin.token, 'POST', path(`/${webhook.id}/test`));
  expect(failed.body).toEqual({ delivered: false, status: 503, error: 'it answered 503' });
});

test('tests are few', async () => {
  const { id } = (await create()).body.webhook;
  await pointAtReceiver(id);
  for (let n = 0; n < 10; n++) expect((await plane.call(admin.token, 'POST', path(`/${id}/test`))).status).toBe(200);
  const refused = await plane.call(admin.token, 'POST', path(`/${id}/test`));
  expect(refused.status).toBe(429);
  expect(receiver.received).toHaveLength(10);
  clock.advance(60_000);
  expect((await plane.call(admin.token, 'POST', path(`/${id}/test`))).status).toBe(200);
});

test('a notification arrives signed, is tried again after a failure with the same id, and is shown', async () => {
  const { webhook, secret } = (await create({ url: 'https://example.com/', kinds: ['member.invited'] })).body;
  await pointAtReceiver(webhook.id);
  receiver.answer = (_, response) => response.writeHead(500).end();
  await plane.store.transaction((repos) =>
    plane.notifications.notify(repos, {
      ...{ kind: 'member.invited', organizationId: acme.id, subject: 'Somebody', text: 'In full' },
      data: { invitationId: 'i1' },
    }),
  );
  const deliveries = async () =>
    (await plane.call(admin.token, 'GET', path(`/${webhook.id}/deliveries`))).body.deliveries;
  await expect.poll(async () => (await deliveries())[0]?.lastError).toBe('it answered 500');
  receiver.answer = (_, response) => response.writeHead(200).end();
  clock.advance(10_000);
  plane.notifications.nudge();
  await expect.poll(async () => (await deliveries())[0]?.state).toBe('delivered');
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received.every((received) => signatureFits(secret, received))).toBe(true);
  const [first, second] = receiver.received.map(({ headers }) => headers);
  expect(second?.['webhook-id']).toBe(first?.['webhook-id']);
  expect(Number(second?.['webhook-timestamp'])).toBe(Number(first?.['webhook-timestamp']) + 10);
  expect((await deliveries())[0].id).toBe(first?.['webhook-id']);
  expect(JSON.parse(receiver.received[1]?.body ?? '')).toMatchObject({
    type: 'member.invited',
    data: { invitationId: 'i1', organizationId: acme.id, summary: 'Somebody' },
  });
});

test('a deleted one gets nothing more, and is not found again', async () => {
  const { id } = (await create()).body.webhook;
  expect((await plane.call(admin.token, 'DELETE', path(`/${id}`))).status).toBe(200);
  expect((await plane.call(admin.token, 'DELETE', path(`/${id}`))).status).toBe(404);
  const actions = (await plane.store.audit.list(acme.id, 10)).map(({ action }) => action);
  expect(actions).toContain('webhook.deleted');
});
