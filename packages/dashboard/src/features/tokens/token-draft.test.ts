import { expect, test } from 'vitest';
import { createBodyOf, deriveBodyOf, draftFromSearch, draftOf, emptyDraft, grantOf, searchOf } from './token-draft';

const draft = { ...emptyDraft, name: ' ci ' };

test('a draft without restrictions asks for none', () => {
  expect(createBodyOf(draft)).toEqual({ name: 'ci', expiresInDays: 90 });
});

test('restrictions are sent as they were typed, each once', () => {
  const typed = {
    ...draft,
    access: 'deploy',
    organizations: ['acme'],
    agents: 'echo, other  echo',
    networks: '10.0.0.0/8',
  } as const;
  expect(grantOf(typed)).toEqual({
    preset: 'deploy',
    organizations: ['acme'],
    agents: ['echo', 'other'],
    networks: ['10.0.0.0/8'],
  });
});

test('with agents named, a preset loses what reaches beyond them', () => {
  const { permissions, preset } = grantOf({ ...draft, access: 'readOnly', agents: 'echo' });
  expect(preset).toBeUndefined();
  expect(permissions).toContain('agents:read');
  expect(permissions).not.toContain('tokens:read');
  expect(
    grantOf({ ...draft, access: 'exact', permissions: ['logs:read', 'audit:read'], agents: 'echo' }).permissions,
  ).toEqual(['logs:read']);
});

test('lifetimes: days, a day, never; minutes and the parent’s for derived ones', () => {
  expect(createBodyOf({ ...draft, lifetime: 'never' }).expiresInDays).toBeNull();
  expect(createBodyOf({ ...draft, lifetime: 'date', date: '2027-02-28' }).expiresAt).toBe('2027-02-28');
  expect(deriveBodyOf({ ...draft, lifetime: 'm15' })).toEqual({ name: 'ci', expiresInMinutes: 15 });
  expect(deriveBodyOf({ ...draft, lifetime: 'parent' })).toEqual({ name: 'ci' });
});

test('a link fills the form in, and its own link does so again', () => {
  const search = {
    new: true,
    name: 'ci',
    days: 30,
    permission: ['logs:read', 'agents:read'],
    organization: 'acme',
    agent: 'a,b',
    network: '::1',
  };
  const filled = { ...emptyDraft, ...draftFromSearch(search) };
  expect(filled).toMatchObject({
    name: 'ci',
    lifetime: 'd30',
    access: 'exact',
    permissions: ['logs:read', 'agents:read'],
    organizations: ['acme'],
    agents: 'a, b',
    networks: '::1',
  });
  expect({ ...emptyDraft, ...draftFromSearch(searchOf(filled)) }).toEqual(filled);
});

test('what a link does not say right changes nothing', () => {
  expect(draftFromSearch({ name: 'ci' })).toBeUndefined();
  const odd = draftFromSearch({
    new: true,
    name: { a: 1 },
    days: 'x',
    preset: 'root',
    permission: 'god:mode',
    expires: 'soon',
  });
  expect({ ...emptyDraft, ...odd }).toEqual(emptyDraft);
});

test('a draft like a token that exists', () => {
  expect(draftOf({ preset: 'deploy', agents: ['a', 'b'] })).toMatchObject({ access: 'deploy', agents: 'a, b' });
  expect(draftOf({})).toMatchObject({ access: 'everything' });
});
