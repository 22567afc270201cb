import { expect, test } from 'vitest';
import { movePath } from './endpoint-paths.js';

test('without settings every path stays', () => {
  for (const path of ['/v1/users', '/v1/organizations/acme/services/bot/logs', '/v1/tokens/self']) {
    expect(movePath(path, {})).toBe(path);
  }
});

test('names and what follows are carried over', () => {
  const overrides = { services_path: '/cloud/{org}/agents', start_path: '/go/{service}' };
  expect(movePath('/v1/organizations/acme/services', overrides)).toBe('/cloud/acme/agents');
  expect(movePath('/v1/organizations/acme/services/bot', overrides)).toBe('/cloud/acme/agents/bot');
  expect(movePath('/v1/public/bot/start', overrides)).toBe('/go/bot');
});

test('an endpoint below another has a setting of its own', () => {
  const logs = '/v1/organizations/acme/services/bot/logs';
  expect(movePath(logs, { services_path: '/x/{org}' })).toBe(logs);
  expect(movePath(logs, { services_logs_path: '/l/{org}/{service}' })).toBe('/l/acme/bot');
  expect(movePath('/v1/organizations/acme/secrets/set/KEY', { organization_path: '/o' })).toBe(
    '/v1/organizations/acme/secrets/set/KEY',
  );
  expect(movePath('/v1/organizations', { organization_path: '/o' })).toBe('/o');
});
