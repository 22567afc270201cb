import type { Token } from '@pipecat-cloud/contract/tokens';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { TokenBanner } from './token-banner';
import { tokenKeys } from './token-queries';

const now = new Date('2026-05-04T10:00:00.000Z');
const day = (n: number) => new Date(now.getTime() + n * 86_400_000).toISOString();
const token = (name: string, change: Partial<Token> = {}): Token => ({
  ...{ id: name, name, kind: 'personal', owner: { kind: 'user', id: 'u1', name: 'ann@acme.example' } },
  ...{ masked: 'pcc_pat_…a1b2', legacy: false, state: 'active', grant: {}, createdAt: day(-80), expiresAt: day(60) },
  ...{ endsAt: null, parentId: null, successorId: null, familyId: name, suspiciousAt: null, revokedAt: null },
  ...{ revokedCause: null, revokedReason: null, lastUsedAt: null, lastUsedAddress: null, lastUsedUserAgent: null },
  lastUsedCiRun: null,
  ...change,
});

function shown(tokens: Token[] | undefined): string {
  const client = new QueryClient();
  if (tokens) client.setQueryData(tokenKeys.all, tokens);
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <TokenBanner now={now} link={<a href="/account/tokens">See your tokens</a>} />
    </QueryClientProvider>,
  );
}

test('nothing while tokens load and where all is well', () => {
  expect(shown(undefined)).toBe('');
  expect(shown([])).toBe('');
  expect(shown([token('Fine'), token('Endless', { expiresAt: null }), token('Later', { expiresAt: day(15) })])).toBe(
    '',
  );
});

test('a token that ends within 14 days is named, with the way to its page', () => {
  const html = shown([token('Fine'), token('Deploy', { expiresAt: day(14) })]);
  expect(html).toContain('aria-label="Tokens that need attention"');
  expect(html).toContain('Your token “Deploy” expires in 14 days.');
  expect(html).toContain('href="/account/tokens"');
});

test('of several the first to end is named', () => {
  const html = shown([token('B', { expiresAt: day(9) }), token('A', { expiresAt: day(2) })]);
  expect(html).toContain('2 tokens of yours expire within 14 days; the first, “A”, in 2 days.');
});

test('a token that has just been made, is over, or was replaced is not mentioned', () => {
  const soon = { expiresAt: day(3) };
  expect(
    shown([
      token('Week', { createdAt: day(-1), expiresAt: day(6) }),
      token('Expired', { expiresAt: day(-1), state: 'expired' }),
      token('Revoked', { ...soon, state: 'revoked' }),
      token('Rotating', { ...soon, state: 'rotating', successorId: 'x' }),
      token('Pending', { ...soon, state: 'pending' }),
    ]),
  ).toBe('');
  expect(shown([token('Week', { createdAt: day(-4), expiresAt: day(3) })])).toContain('“Week” expires in 3 days');
});

test('an old secret that was seen is an alarm, once per token and not for ended ones', () => {
  const seen = { suspiciousAt: day(-1), expiresAt: day(2) };
  const html = shown([token('Deploy', seen), token('Gone', { ...seen, state: 'revoked' })]);
  expect(html).toContain('An old secret of “Deploy” was sent after it had been replaced, yesterday.');
  expect(html).not.toContain('expires');
  expect(shown([token('A', seen), token('B', seen)])).toContain('“A” and 1 other token');
});

test('names are text, whatever they hold', () => {
  expect(shown([token('<img src=x onerror=alert(1)>', { expiresAt: day(2) })])).not.toContain('<img');
});
