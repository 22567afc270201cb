import { permissions, routeAccess } from '@pipecat-cloud/contract/permissions';
import { expect, test } from 'vitest';
import { permissionsIn, usesOf } from './used-permissions.js';

const used = (route: string) => {
  const access = routeAccess[route];
  if (!access) throw new Error(`there is no ${route}`);
  return permissionsIn(usesOf(route, access));
};

test('a permission keeps its place, which is stored', () => {
  const places = permissions.map((_name, place) => permissionsIn(1 << place));
  expect(places.slice(0, 20).flat()).toEqual([
    ...['org:read', 'org:write', 'members:write', 'agents:read', 'agents:deploy', 'agents:delete', 'sessions:read'],
    ...['sessions:start', 'sessions:stop', 'logs:read', 'builds:read', 'builds:write', 'secrets:read', 'secrets:write'],
    ...['keys:read', 'keys:write', 'tokens:read', 'tokens:write', 'audit:read', 'daily_key:read'],
  ]);
  // One more would need more than the 31 bits of a whole number in PostgreSQL.
  expect(permissions.length).toBeLessThanOrEqual(31);
});

test('a request uses what its route needs; any live token’s routes use nothing', () => {
  expect(used('GET /v1/organizations/:org/services')).toEqual(['agents:read']);
  expect(used('GET /v1/tokens/self')).toEqual([]);
});

test('what a handler asks for besides counts too, and whoever gives a role or a token uses all it has', () => {
  expect(used('GET /v1/organizations/:org/daily')).toEqual(['org:read', 'daily_key:read']);
  expect(used('DELETE /v1/tokens/:id')).toEqual(['tokens:write']);
  for (const route of ['POST /v1/tokens/self/derive', 'POST /v1/organizations/:org/invitations'])
    expect(used(route)).toEqual(permissions);
});
