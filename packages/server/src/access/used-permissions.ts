import {
  type Permission,
  permissions,
  privateKeyPermissions,
  type RouteAccess,
} from '@pipecat-cloud/contract/permissions';

/** Permissions as one number: each has the bit of its place in the table, which is stored. */
const bitOf = (name: Permission) => 1 << permissions.indexOf(name);
const bitsOf = (names: Iterable<Permission>) => [...names].reduce((bits, name) => bits | bitOf(name), 0);
const everything = bitsOf(permissions);

const org = '/v1/organizations/:org';
/**
 * What a handler asks of the caller's credential besides what its route needs. Whoever gives others a role or a token must hold all
 * that goes with it, and counts as if all of it were used.
 */
const besides: Readonly<Record<string, number>> = {
  'POST /v1/tokens': everything,
  'POST /v1/tokens/:id/rotate': everything,
  'POST /v1/tokens/:id/derive': everything,
  'POST /v1/tokens/self/derive': everything,
  'DELETE /v1/tokens/:id': bitOf('tokens:write'),
  [`PATCH ${org}/members/:userId`]: everything,
  [`DELETE ${org}/members/:userId`]: everything,
  [`POST ${org}/invitations`]: everything,
  [`DELETE ${org}/tokens/:id`]: bitOf('tokens:write'),
  [`POST ${org}/tokens/:id/decision`]: bitOf('tokens:write'),
  [`POST ${org}/tokens/:id/adopt`]: everything,
  [`POST ${org}/panic`]: bitOf('tokens:write'),
  [`POST ${org}/service-accounts`]: everything,
  [`PATCH ${org}/service-accounts/:id`]: everything,
  [`DELETE ${org}/service-accounts/:id`]: everything,
  [`POST ${org}/service-accounts/:id/tokens`]: everything,
  [`DELETE ${org}/service-accounts/:id/tokens/:tokenId`]: bitOf('tokens:write'),
  [`POST ${org}/service-accounts/:id/tokens/:tokenId/rotate`]: everything,
  // A private key takes all that it can do, and a worker what whoever deploys to it can.
  [`POST ${org}/apiKeys`]: bitsOf(privateKeyPermissions),
  [`POST ${org}/apiKeys/:id/rotate`]: bitsOf(privateKeyPermissions),
  [`POST ${org}/regions/:key/enrollment-tokens`]: bitOf('agents:deploy'),
  // With secrets for its steps.
  [`POST ${org}/builds`]: bitOf('agents:deploy'),
  // The key is left out for a token without.
  [`GET ${org}/daily`]: bitOf('daily_key:read'),
};

/** What a request to a route uses of a token that holds it, as bits. */
export function usesOf(route: string, { needs }: RouteAccess): number {
  const needed = needs === 'anyone' || needs === 'live' ? 0 : bitOf(needs);
  return needed | (besides[route] ?? 0);
}

/** The permissions of some bits, in the order of the table. */
export const permissionsIn = (bits: number): Permission[] => permissions.filter((name) => (bits & bitOf(name)) !== 0);
