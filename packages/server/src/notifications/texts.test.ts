import { notificationKinds } from '@pipecat-cloud/contract/notifications';
import { expect, test } from 'vitest';
import type { Notification } from './notify.js';
import {
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
  familyId: 't1',
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
const organization = { id: 'org-a', name: 'acme' };
const invitation = { id: 'i1', email: 'bob@x.example', role: 'viewer', expiresAt: at };
const now = new Date(at);

const all: Notification[] = [
  tokenExpiring({ token, days: 1 }),
  tokenReused({ token, at: now, address: '192.0.2.1', ended: [], organizationId: null }),
  tokenRevoked({ token, at: now, cause: 'admin', why: 'revoked by an admin of acme', organizationId: null }),
  serviceAccountChanged({
    ...{ organization, serviceAccount: { id: 's1', name: 'ci' }, change: 'updated' },
    detail: { role: { from: 'developer', to: 'admin' } },
  }),
  memberInvited({ organization, invitation }),
];

test('there is a text for each kind but leaks, which have their own', () => {
  expect(all.map(({ kind }) => kind)).toEqual(notificationKinds.filter((kind) => kind !== 'credential.leaked'));
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
    (of: TokenInText) => tokenReused({ token: of, at: now, address: null, ended: [], organizationId: null }),
    (of: TokenInText) => tokenRevoked({ token: of, at: now, cause: 'panic', why: 'panic', organizationId: null }),
  ]) {
    expect(made(token)).toMatchObject({ organizationId: null, userIds: ['u1'], path: '/account/tokens' });
    const told = made(ofServiceAccount);
    expect(told.organizationId).toBe('org-a');
    expect(told.userIds).toBeUndefined();
    expect(told.text).toContain('of the service account ci');
  }
});

test('an organization that ended a personal token is told by its webhooks, the owner by mail', () => {
  const told = tokenRevoked({ token, at: now, cause: 'admin', why: 'x', organizationId: 'org-a' });
  expect(told).toMatchObject({ organizationId: 'org-a', userIds: ['u1'] });
});

test('what is to be done about an old secret depends on the policy', () => {
  const reused = (ended: string[]) => tokenReused({ token, at: now, address: null, ended, organizationId: null }).text;
  expect(reused([])).toContain('token rotate t1 --leaked');
  expect(reused(['t2'])).toContain('was revoked');
});

test('a name cannot begin a line of its own', () => {
  const { subject, text } = tokenExpiring({
    token: { ...token, name: 'x\n\nYour account is locked: https://evil.example' },
    days: 3,
  });
  expect(subject).not.toContain('\n');
  expect(text.split('\n')).not.toContain('Your account is locked: https://evil.example');
});
