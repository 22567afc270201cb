import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock, type Harness, harness } from '../testing/harness.js';
import { type MailWorld, startMailServer } from '../testing/mail-server.js';
import { memberInvited } from './texts.js';

let plane: Harness | undefined;
let mail: MailWorld | undefined;
let logged = '';
const log = pino(
  new Writable({
    write(chunk, _, done) {
      logged += chunk;
      done();
    },
  }),
);
beforeEach(() => {
  logged = '';
});
afterEach(async () => {
  await plane?.end();
  await mail?.close();
  plane = mail = undefined;
});

const at = '2026-01-01T00:00:00.000Z';
const invitation = (organizationId: string) =>
  memberInvited({
    ...{ organization: { id: organizationId, name: 'first' }, invitationId: 'i1', email: 'bob@x.example' },
    ...{ role: 'viewer', by: 'somebody', at },
  });
const askForCode = ({ http }: Harness) =>
  http.inject({
    ...{ method: 'POST', url: '/auth/code', payload: { email: 'owner@example.com' } },
    headers: { origin: 'http://localhost:7400', 'x-pipecat-csrf': '1' },
  });
const ownerOf = async ({ store, bootstrapped }: Harness) =>
  (await store.organizations.listOfUser(bootstrapped.ownerId))[0];

test('without a mail server the terminal gets codes, and the log one line for each other mail, without its text', async () => {
  const terminal: string[] = [];
  const started = await harness({ terminal: (text) => terminal.push(text), log });
  plane = started;
  await askForCode(started);
  await expect.poll(() => terminal.join()).toMatch(/Sign-in code for owner@example\.com: \d{8} \(10 minutes\)/);
  const code = /\d{8}/.exec(terminal.join())?.[0] ?? 'none';

  const organization = await ownerOf(started);
  await started.store.transaction((repos) => started.notifications.notify(repos, invitation(organization?.id ?? '')));
  await expect.poll(() => logged).toContain('no mail server is set');
  expect(logged).toContain('bob@x.example was invited to first');
  expect(logged).not.toContain('If you did not expect this');
  expect(logged).not.toContain(code);
  expect(terminal).toHaveLength(1);
});

test('with one, codes, notifications and reminders arrive by mail', async () => {
  mail = await startMailServer({ user: 'u', password: 'p' });
  const { received } = mail;
  const clock = createFakeClock();
  const started = await harness({
    clock,
    environment: {
      PIPECAT_CLOUD_SMTP_URL: mail.url('u:p'),
      PIPECAT_CLOUD_MAIL_FROM: 'Pipecat Cloud <cloud@example.com>',
    },
  });
  plane = started;
  await askForCode(started);
  await expect.poll(() => received[0]?.raw).toMatch(/Sign-in code for owner@example\.com: \d{8}/);

  const organization = await ownerOf(started);
  await started.store.transaction((repos) => started.notifications.notify(repos, invitation(organization?.id ?? '')));
  await expect.poll(() => received[1]?.headers.subject).toBe('bob@x.example was invited to first');
  expect(received[1]?.to).toEqual(['owner@example.com']);
  expect(received[1]?.raw).toContain('http://localhost:7400');

  const acme = await started.organization('acme');
  await acme.member('admin', {}, new Date(clock.now().getTime() + 60 * 86_400_000).toISOString());
  clock.advance(53.5 * 86_400_000);
  started.notifications.nudge();
  await expect.poll(() => received[2]?.headers.subject).toContain('admin_of_acme=22_expires');
  expect(received[2]?.raw).toContain('http://localhost:7400/account/tokens');
});

test('what was promised while the mail server was away arrives later', async () => {
  const first = await startMailServer({ user: 'u', password: 'p' });
  const url = first.url('u:p');
  await first.close();
  const clock = createFakeClock();
  const started = await harness({
    clock,
    log,
    environment: { PIPECAT_CLOUD_SMTP_URL: url, PIPECAT_CLOUD_MAIL_FROM: 'cloud@example.com' },
  });
  plane = started;
  const organization = await ownerOf(started);
  await started.store.transaction((repos) => started.notifications.notify(repos, invitation(organization?.id ?? '')));
  await expect.poll(() => logged).toMatch(/tried again.*ECONNREFUSED|ECONNREFUSED.*tried again/);
  mail = await startMailServer({ user: 'u', password: 'p', port: Number(new URL(url).port) });
  clock.advance(10_000);
  started.notifications.nudge();
  await expect.poll(() => mail?.received.length).toBe(1);
});
