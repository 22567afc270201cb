import type { OauthRequest } from '@pipecat-cloud/contract/oauth';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { LoginList } from './logins-page';
import { oauthKeys } from './oauth-queries';
import { RequestDetails } from './request-details';

const request: OauthRequest = {
  clientName: 'Pipecat Cloud command line',
  kind: 'device',
  redirectUri: null,
  address: '203.0.113.7',
  userAgent: 'PipecatCloudCLI/0.1.0',
  requestedAt: '2026-05-04T10:00:00.000Z',
  expiresAt: '2026-05-04T10:10:00.000Z',
  scopes: ['openid'],
};
const details = (change: Partial<OauthRequest>) =>
  renderToStaticMarkup(
    <RequestDetails
      request={{ ...request, ...change }}
      email="ann@example.com"
      busy={false}
      onAllow={() => {}}
      onDeny={() => {}}
    />,
  );

test('a device is shown with where it started, who signs in, and a warning of phishing', () => {
  const shown = details({});
  for (const part of ['203.0.113.7', 'PipecatCloudCLI/0.1.0', 'ann@example.com', 'Nobody who calls or writes to you'])
    expect(shown).toContain(part);
  expect(shown).toMatch(/Allow.*Refuse/);
});

test('what a stranger’s client calls itself stays text', () => {
  expect(details({ userAgent: '<img src=x onerror=alert(1)>' })).not.toContain('<img');
});

test('a browser is shown the address that the answer goes to', () => {
  const redirectUri = 'http://127.0.0.1:8400/oauth_callback';
  expect(details({ kind: 'browser', redirectUri })).toContain(redirectUri);
});

test('without sign-ins the list says how to make one; each has a button with a name of its own', () => {
  const client = new QueryClient();
  const list = () =>
    renderToStaticMarkup(
      <QueryClientProvider client={client}>
        <LoginList />
      </QueryClientProvider>,
    );
  client.setQueryData(oauthKeys.logins, []);
  expect(list()).toContain('pipecat cloud auth login');
  client.setQueryData(oauthKeys.logins, [
    {
      ...{ id: 'l1', clientName: 'Pipecat Cloud command line', via: 'device', address: '203.0.113.7', userAgent: null },
      ...{ createdAt: request.requestedAt, expiresAt: '2026-08-02T10:00:00.000Z', lastIssuedAt: null, current: false },
    },
  ]);
  expect(list()).toMatch(/aria-label="End the sign-in of May 4, 2026 from 203.0.113.7"/);
});
