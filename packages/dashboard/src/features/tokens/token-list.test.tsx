import type { Token } from '@pipecat-cloud/contract/tokens';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { shellSnippet } from './snippets';
import { TokenTable } from './token-table';
import { expiryOf, inOrder, lastUseOf, matching, originOf, stateOf } from './token-words';

const now = new Date('2026-05-04T10:00:00.000Z');
const day = (n: number) => new Date(now.getTime() + n * 86_400_000).toISOString();
const token = (change: Partial<Token> = {}): Token => ({
  id: 't1',
  name: 'Laptop',
  kind: 'personal',
  owner: { kind: 'user', id: 'u1', name: 'ann@acme.example' },
  masked: 'pcc_pat_…a1b2',
  legacy: false,
  state: 'active',
  grant: {},
  createdAt: day(-1),
  expiresAt: day(60),
  endsAt: null,
  parentId: null,
  successorId: null,
  familyId: 't1',
  suspiciousAt: null,
  revokedAt: null,
  revokedCause: null,
  revokedReason: null,
  lastUsedAt: null,
  lastUsedAddress: null,
  lastUsedUserAgent: null,
  lastUsedCiRun: null,
  ...change,
});

function shown(tokens: readonly Token[]): string {
  return renderToStaticMarkup(
    <TokenTable title="Your tokens" tokens={tokens} actionsOf={({ name }) => `do ${name}`} empty="None yet" />,
  );
}

test('without tokens it says what one is for', () => {
  expect(shown([])).toContain('None yet');
});

test('live tokens are shown with their actions; ended ones are counted, and shown when asked for', () => {
  const html = shown([token(), token({ id: 't2', name: 'Old', state: 'revoked', revokedAt: day(-1) })]);
  for (const part of ['do Laptop', 'pcc_pat_…a1b2', 'Live (1)', 'Ended (1)']) expect(html).toContain(part);
  expect(html).not.toContain('Old');
});

test('names are text, whatever they hold', () => {
  expect(shown([token({ name: '<img src=x onerror=alert(1)>' })])).not.toContain('<img');
});

test('a search looks at names, digits, owners, agents and addresses', () => {
  const tokens = [
    token(),
    token({
      id: 't2',
      name: 'Echo CI',
      masked: 'pcc_pat_…ffff',
      grant: { agents: ['echo'] },
      lastUsedAddress: '10.1.2.3',
    }),
  ];
  const found = (text: string) => matching(tokens, text).map(({ id }) => id);
  expect(found('')).toEqual(['t1', 't2']);
  expect(found(' LAPtop ')).toEqual(['t1']);
  for (const text of ['ffff', 'echo', '10.1.2']) expect(found(text)).toEqual(['t2']);
  expect(found('nothing like it')).toEqual([]);
});

test('where a token comes from', () => {
  const parent = token({ id: 'p', name: 'Parent' });
  const origin = (change: Partial<Token>, ...others: Token[]) => originOf(token(change), [parent, ...others]);
  expect(origin({})).toBe('Made by hand');
  expect(origin({ parentId: 'p' })).toBe('Derived from Parent');
  expect(origin({ parentId: 'gone' })).toBe('Derived from another token');
  expect(origin({}, token({ id: 'before', successorId: 't1' }))).toBe('A rotation');
  expect(origin({ legacy: true })).toBe('Imported');
  expect(origin({ kind: 'ci' })).toBe('A CI job’s identity');
  expect(origin({ owner: { kind: 'serviceAccount', id: 's', name: 'ci' } })).toBe('Adopted from a person');
});

test('states and times in words', () => {
  expect(stateOf(token(), now).words).toBe('Active');
  expect(stateOf(token({ createdAt: day(-60), expiresAt: day(3) }), now).words).toBe('Expires soon');
  expect(stateOf(token({ expiresAt: null }), now).words).toBe('Active');
  expect(stateOf(token({ state: 'expired' }), now).words).toBe('Expired');
  expect(stateOf(token({ state: 'revoked' }), now).words).toBe('Revoked');
  expect(expiryOf(token({ expiresAt: null }), now)).toBe('Never expires');
  expect(expiryOf(token({ expiresAt: day(3) }), now)).toMatch(/^Expires in 3 days \(May \d+, 2026\)$/);
  expect(expiryOf(token({ state: 'revoked', revokedAt: day(-2) }), now)).toBe('Revoked 2 days ago');
  expect(lastUseOf(token(), now)).toBe('Never used');
  expect(lastUseOf(token({ lastUsedAt: day(-2), lastUsedAddress: '192.0.2.1' }), now)).toBe(
    'Last used 2 days ago from 192.0.2.1',
  );
});

test('a rotation in words: the old secret, the new one, and the alarm', () => {
  const rotating = token({ state: 'rotating', endsAt: day(1), successorId: 't2' });
  expect(stateOf(rotating, now)).toEqual({ tone: 'busy', words: 'Being replaced' });
  expect(expiryOf(rotating, now)).toBe('Works until its successor is used, or ends tomorrow');
  expect(expiryOf(token({ endsAt: day(1), parentId: 't0' }), now)).toBe('Ends tomorrow, with its parent');
  expect(stateOf(token({ state: 'pending' }), now)).toEqual({ tone: 'busy', words: 'Not used yet' });
  expect(stateOf(token({ suspiciousAt: day(-1) }), now)).toEqual({ tone: 'bad', words: 'Old secret was used' });
  expect(stateOf(token({ state: 'revoked', suspiciousAt: day(-1) }), now).words).toBe('Revoked');
  const ended = { state: 'revoked', revokedAt: day(-2), revokedCause: 'rotation', endsAt: day(-2) } as const;
  expect(expiryOf(token({ ...ended, revokedReason: 'the deadline of its rotation passed' }), now)).toBe(
    'Ended 2 days ago: the deadline of its rotation passed',
  );
});

test('the last CI run is a link only where it is a web page', () => {
  const run = (lastUsedCiRun: string) => shown([token({ lastUsedCiRun })]);
  expect(run('https://ci.example/run/7')).toMatch(/<a href="https:\/\/ci.example\/run\/7"[^>]*rel="noreferrer"/);
  expect(run('javascript:alert(1)')).not.toContain('javascript:');
});

test('tokens that work come first, then the newest', () => {
  const tokens = [
    token({ id: 'old', createdAt: day(-9) }),
    token({ id: 'gone', state: 'revoked', createdAt: day(0) }),
    token({ id: 'new', createdAt: day(-1) }),
  ];
  expect(inOrder(tokens).map(({ id }) => id)).toEqual(['new', 'old', 'gone']);
  const replaced = token({ id: 'replaced', state: 'rotating', createdAt: day(1) });
  expect(inOrder([...tokens, replaced])[0]?.id).toBe('replaced');
});

test('the commands name the server only where it is not the default one', () => {
  expect(shellSnippet('pcc_pat_x', 'http://localhost:7400')).toBe(
    'export PIPECAT_TOKEN=pcc_pat_x\npipecat cloud auth whoami',
  );
  expect(shellSnippet('pcc_pat_x', 'https://cloud.example.com')).toContain(
    'export PIPECAT_API_HOST=https://cloud.example.com\n',
  );
});
