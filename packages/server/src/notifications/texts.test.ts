import { notificationKinds } from '@pipecat-cloud/contract/notifications';
import { expect, test } from 'vitest';
import type { Notification } from './notify.js';
import {
  credentialLeaked,
  memberInvited,
  serviceAccountChanged,
  type TokenInText,
  tokenExpiring,
  tokenReused,
  tokenRevoked,
} from './texts.js';

const at = '2026-05-04T10:00:00.000Z';
const token: TokenInText = {
  id: 't1',
  kind: 'personal',
  name: 'Laptop',
  masked: 'pcc_pat_…a1b2',
  owner: { kind: 'user', id: 'u1', name: 'ann@acme.example' },
  expiresAt: at,
  lastUsedAt: null,
  lastUsedAddress: null,
  lastUsedCiRun: null,
};
const owner = { kind: 'serviceAccount', id: 's1', name: 'ci', organizationId: 'org-a' } as const;
const ofServiceAccount: TokenInText = { ...token, owner: { ...owner, role: 'developer', disabledAt: null } };
const credential = { id: 'k1', kind: 'private API key', name: 'server', masked: 'sk_…a1b2' };
const serviceAccount = { id: 's1', name: 'ci' };

const all: Notification[] = [
  tokenExpiring({ token, days: 1 }),
  tokenReused({ token, at, address: '192.0.2.1', revoked: false }),
  tokenRevoked({ token, at, cause: 'admin', why: 'revoked by an admin of acme' }),
  credentialLeaked({ credential, organizationId: 'org-a', where: 'the log of build b1', at, revoked: false }),
  serviceAccountChanged({
    organizationId: 'org-a',
    serviceAccount,
    change: 'was disabled',
    by: 'ann@acme.example',
    at,
  }),
  memberInvited({
    ...{ organization: { id: 'org-a', name: 'acme' }, invitationId: 'i1', email: 'bob@x.example' },
    ...{ role: 'viewer', by: 'ann@acme.example', at },
  }),
];

test('there is a text for each kind', () => {
  expect(all.map(({ kind }) => kind)).toEqual([...notificationKinds]);
});

test.each(all)('$kind: one line of subject, and a way out in the text', ({ subject, text, data }) => {
  expect(subject).toMatch(/^.{10,120}$/);
  expect(text).toMatch(/pipecat cloud|dashboard|audit log/);
  expect(text).not.toMatch(/undefined|null|\[object/);
  expect(JSON.stringify(data)).not.toContain('undefined');
});

test("a person's token is told to the person, a service account's to the organization", () => {
  for (const made of [
    (of: TokenInText) => tokenExpiring({ token: of, days: 7 }),
    (of: TokenInText) => tokenReused({ token: of, at, address: null, revoked: true }),
    (of: TokenInText) => tokenRevoked({ token: of, at, cause: 'panic', why: 'panic' }),
  ]) {
    expect(made(token)).toMatchObject({ organizationId: null, userIds: ['u1'], path: '/account/tokens' });
    const told = made(ofServiceAccount);
    expect(told.organizationId).toBe('org-a');
    expect(told.userIds).toBeUndefined();
    expect(told.text).toContain('of the service account ci');
  }
});

test('what is to be done depends on what was done already', () => {
  expect(tokenReused({ token, at, address: null, revoked: false }).text).toContain('token rotate t1 --leaked');
  expect(tokenReused({ token, at, address: null, revoked: true }).text).toContain('was revoked');
  const leak = (revoked: boolean) =>
    credentialLeaked({ credential, organizationId: null, userIds: ['u1'], where: 'a log', at, revoked });
  expect(leak(true).text).toContain('revoked at once');
  expect(leak(false).text).toContain('still works');
  expect(leak(false).userIds).toEqual(['u1']);
});

test('a name cannot begin a line of its own', () => {
  const { subject, text } = tokenExpiring({
    token: { ...token, name: 'x\n\nYour account is locked: https://evil.example' },
    days: 3,
  });
  expect(subject).not.toContain('\n');
  expect(text.split('\n')).not.toContain('Your account is locked: https://evil.example');
});
