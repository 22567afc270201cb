/** What a credential may be allowed to do: `resource:verb`. Secret values can be read back by nobody, so there is no permission for it. */
export const permissions = [
  'org:read',
  'org:write',
  'members:write',
  'agents:read',
  'agents:deploy',
  'agents:delete',
  'sessions:read',
  'sessions:start',
  'sessions:stop',
  'logs:read',
  'builds:read',
  'builds:write',
  'secrets:read',
  'secrets:write',
  'keys:read',
  'keys:write',
  'tokens:read',
  'tokens:write',
  'audit:read',
  'daily_key:read',
] as const;
export type Permission = (typeof permissions)[number];

export const roles = ['viewer', 'developer', 'admin', 'owner'] as const;
export type Role = (typeof roles)[number];

const viewer: readonly Permission[] = [
  'org:read',
  'agents:read',
  'sessions:read',
  'logs:read',
  'builds:read',
  'secrets:read',
  'tokens:read',
];
const developer: readonly Permission[] = [
  ...viewer,
  'agents:deploy',
  'agents:delete',
  'sessions:start',
  'sessions:stop',
  'builds:write',
  'secrets:write',
  'keys:read',
  'keys:write',
  'tokens:write',
];
const admin: readonly Permission[] = permissions;

/** Deleting and transferring an organization is the owner's alone; no permission names it because no token may do it. */
export const rolePermissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(viewer),
  developer: new Set(developer),
  admin: new Set(admin),
  owner: new Set(admin),
};

/** Never part of "acts as you": a token holds these only where its grant names them (official clients print the Daily key). */
export const explicitPermissions: ReadonlySet<Permission> = new Set(['tokens:write', 'daily_key:read']);

/** How a caller proves who it is. `user` stands for a dashboard session or an OAuth token; `signed` for a signature in the request itself. */
export type CredentialKind = 'user' | 'personal' | 'serviceAccount' | 'ci' | 'private' | 'public' | 'worker';

export interface RouteAccess {
  /** `anyone`: no credential is looked at. `live`: any live credential of the kinds, however narrow. */
  needs: Permission | 'anyone' | 'live';
  kinds: readonly CredentialKind[];
}

const tokens = ['user', 'personal', 'serviceAccount', 'ci'] as const;
const open = { needs: 'anyone', kinds: [] } as const satisfies RouteAccess;
const live = { needs: 'live', kinds: tokens } as const satisfies RouteAccess;
const byToken = (needs: Permission): RouteAccess => ({ needs, kinds: tokens });
const byPublicKey: RouteAccess = { needs: 'live', kinds: ['public'] };
const byWorker: RouteAccess = { needs: 'live', kinds: ['worker'] };
const org = '/v1/organizations/:org';

/** The one table of who may call what. A route that is missing here keeps the server from starting. */
export const routeAccess: Readonly<Record<string, RouteAccess>> = {
  'GET /livez': open,
  'GET /readyz': open,
  'GET /': open,
  'GET /*': open,
  'POST /auth/setup': open,
  'POST /auth/code': open,
  'POST /auth/session': open,
  'DELETE /auth/session': open,

  'GET /v1/users': live,
  'GET /v1/organizations': live,
  'GET /v1/tokens': live,
  'POST /v1/tokens': live,
  'GET /v1/tokens/self': live,
  'DELETE /v1/tokens/:id': live,

  [`GET ${org}/daily`]: byToken('org:read'),
  [`GET ${org}/regions`]: byToken('org:read'),
  [`GET ${org}/properties`]: byToken('org:read'),
  [`GET ${org}/properties/schema`]: byToken('org:read'),
  [`PATCH ${org}/properties`]: byToken('org:write'),

  [`GET ${org}/services`]: byToken('agents:read'),
  [`POST ${org}/services`]: byToken('agents:deploy'),
  [`PUT ${org}/services`]: byToken('agents:deploy'),
  [`GET ${org}/services/:name`]: byToken('agents:read'),
  [`DELETE ${org}/services/:name`]: byToken('agents:delete'),
  [`GET ${org}/services/:name/deployments`]: byToken('agents:read'),
  [`GET ${org}/services/:name/logs`]: byToken('logs:read'),
  [`GET ${org}/services/:name/sessions`]: byToken('sessions:read'),
  [`POST ${org}/services/:name/sessions`]: byToken('sessions:start'),
  [`GET ${org}/services/:name/sessions/:id`]: byToken('sessions:read'),
  [`DELETE ${org}/services/:name/sessions/:id`]: byToken('sessions:stop'),

  [`GET ${org}/apiKeys`]: byToken('keys:read'),
  [`POST ${org}/apiKeys`]: byToken('keys:write'),
  [`DELETE ${org}/apiKeys/:id`]: byToken('keys:write'),

  [`GET ${org}/secrets`]: byToken('secrets:read'),
  [`GET ${org}/secrets/:set`]: byToken('secrets:read'),
  [`PUT ${org}/secrets/:set`]: byToken('secrets:write'),
  [`DELETE ${org}/secrets/:set`]: byToken('secrets:write'),
  [`DELETE ${org}/secrets/:set/:key`]: byToken('secrets:write'),

  [`POST ${org}/builds/upload-url`]: byToken('builds:write'),
  [`POST ${org}/builds`]: byToken('builds:write'),
  [`GET ${org}/builds`]: byToken('builds:read'),
  [`GET ${org}/builds/:id`]: byToken('builds:read'),
  [`GET ${org}/builds/:id/logs`]: byToken('builds:read'),
  // The upload carries a signed, expiring field of its own (contract §10.1): clients send no Authorization header there.
  'POST /v1/uploads': open,

  'POST /v1/public/:agent/start': byPublicKey,
  'OPTIONS /v1/public/*': open,
  'ANY /v1/public/:agent/sessions/:id/*': byPublicKey,

  // An enrolment token in the body, one use.
  'POST /v1/workers/enrol': open,
  'GET /v1/workers/channel': byWorker,
  'GET /v1/workers/builds/:id/context': byWorker,
};
