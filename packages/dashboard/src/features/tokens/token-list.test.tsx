import type { Token } from '@pipecat-cloud/contract/tokens';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { tokenKeys } from './token-queries';
import { expiryOf, inOrder, lastUseOf, shellSnippet, stateOf } from './token-words';
import { TokenList } from './tokens-page';

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

function shown(client: QueryClient): string {
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <TokenList onRevoke={() => {}} />
    </QueryClientProvider>,
  );
}

test('while loading it says so', () => {
  expect(shown(new QueryClient())).toMatch(/role="status".*Loading tokens/);
});

test('an error is announced with its text and a way to try again', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, retryOnMount: false } } });
  const failing = { queryKey: tokenKeys.all, queryFn: () => Promise.reject(new Error('The database does not answer')) };
  await client.fetchQuery(failing).catch(() => {});
  expect(shown(client)).toMatch(/role="alert".*The database does not answer.*Try again/);
});

test('without tokens it says what one is for', () => {
  const client = new QueryClient();
  client.setQueryData(tokenKeys.all, []);
  expect(shown(client)).toContain('No tokens yet');
});

test('each token has a button that names it; a revoked one has none', () => {
  const client = new QueryClient();
  client.setQueryData(tokenKeys.all, [token(), token({ id: 't2', name: 'Old', state: 'revoked', revokedAt: day(-1) })]);
  const html = shown(client);
  expect(html).toContain('aria-label="Revoke Laptop"');
  expect(html).not.toContain('aria-label="Revoke Old"');
  expect(html).toContain('pcc_pat_…a1b2');
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
  const client = new QueryClient();
  client.setQueryData(tokenKeys.all, [token({ lastUsedCiRun: 'https://ci.example/run/7' })]);
  expect(shown(client)).toMatch(/<a href="https:\/\/ci.example\/run\/7"[^>]*rel="noreferrer"/);
  client.setQueryData(tokenKeys.all, [token({ lastUsedCiRun: 'javascript:alert(1)' })]);
  expect(shown(client)).not.toContain('javascript:');
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
