import type { DashboardSession, Passkey } from '@pipecat-cloud/contract/sign-in';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { PasskeyList } from './passkeys-card';
import { securityKeys } from './security-queries';
import { SessionList } from './sessions-card';

const at = new Date().toISOString();
const passkey: Passkey = { id: 'k1', name: 'My laptop', createdAt: at, lastUsedAt: null, backedUp: true };
const session: DashboardSession = {
  id: 's1',
  current: true,
  createdAt: at,
  lastSeenAt: at,
  expiresAt: at,
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0',
  factors: ['email'],
  secondFactor: false,
};

function shown(content: ReactNode, data: [readonly string[], unknown][] = []): string {
  const client = new QueryClient();
  for (const [key, value] of data) client.setQueryData(key, value);
  return renderToStaticMarkup(<QueryClientProvider client={client}>{content}</QueryClientProvider>);
}
const list = <PasskeyList onRename={() => {}} onRemove={() => {}} />;

test('passkeys: loading, none, and one with its names for a screen reader', () => {
  expect(shown(list)).toMatch(/role="status".*Loading passkeys/);
  expect(shown(list, [[securityKeys.passkeys, []]])).toContain('No passkeys yet');
  const html = shown(list, [[securityKeys.passkeys, [passkey]]]);
  for (const text of ['My laptop', 'never used', 'synced between devices', 'aria-label="Rename My laptop"']) {
    expect(html).toContain(text);
  }
});

test('sessions: this one is named and has no button to end it; the others have', () => {
  expect(shown(<SessionList />)).toMatch(/role="status".*Loading sessions/);
  const other = { ...session, id: 's2', current: false, userAgent: null, address: null };
  const html = shown(<SessionList />, [[securityKeys.sessions, [session, other]]]);
  expect(html).toContain('Firefox on Windows');
  expect(html).toContain('192.0.2.7');
  expect(html.match(/This one/g)).toHaveLength(1);
  expect(html.match(/aria-label="End the session of [^"]+"/g)).toEqual([
    'aria-label="End the session of Unknown browser"',
  ]);
});
