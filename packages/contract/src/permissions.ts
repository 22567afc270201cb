/**
 * What a credential may be allowed to do: `resource:verb`. Secret values can be read back by nobody, so there is no permission for it.
 * What tokens have used is stored by place in this list: a new one comes last, and none is taken out.
 */
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

/**
 * What a grant that names agents can hold at most: the rest reaches the whole organization, and a public key or a member would
 * open the other agents again.
 */
export const agentScopedPermissions: ReadonlySet<Permission> = new Set<Permission>([
  'org:read',
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
]);

/**
 * What a private API key may do in its organization, whoever made it: the private REST API and nothing beyond. It starts no sessions,
 * which is what public keys are for, and it can neither make nor end a credential.
 */
export const privateKeyPermissions: ReadonlySet<Permission> = new Set<Permission>([
  'org:read',
  'org:write',
  'agents:read',
  'agents:deploy',
  'agents:delete',
  'sessions:read',
  'sessions:stop',
  'logs:read',
  'builds:read',
  'builds:write',
  'secrets:read',
  'secrets:write',
]);

/** What a public API key may do in its organization: start sessions of any agent. */
export const publicKeyPermissions: ReadonlySet<Permission> = new Set<Permission>(['sessions:start']);

/** Ready lists for the usual grants. */
export const presets = {
  deploy: [
    'org:read',
    'agents:read',
    'agents:deploy',
    'builds:read',
    'builds:write',
    'secrets:read',
    'logs:read',
    'sessions:read',
  ],
  readOnly: viewer,
} as const satisfies Record<string, readonly Permission[]>;
export type Preset = keyof typeof presets;

/** How a caller proves who it is: `session` is the dashboard's cookie, `oauth` what `auth login` brings. */
export type CredentialKind =
  | 'session'
  | 'oauth'
  | 'personal'
  | 'serviceAccount'
  | 'ci'
  | 'private'
  | 'public'
  | 'worker';

export interface RouteAccess {
  /** `anyone`: no credential is looked at. `live`: any live credential of the kinds, however narrow. */
  needs: Permission | 'anyone' | 'live';
  kinds: readonly CredentialKind[];
  /** Only this role in the organization of the path, whatever its permissions. */
  role?: 'owner';
  /** Where the request names its agent, for grants that are restricted to some: `:name` of the path or `serviceName` of the body. */
  agent?: 'path' | 'body';
}

const person = ['session', 'oauth'] as const;
const tokens = [...person, 'personal', 'serviceAccount', 'ci'] as const;
const open = { needs: 'anyone', kinds: [] } as const satisfies RouteAccess;
const live = { needs: 'live', kinds: tokens } as const satisfies RouteAccess;
/** A person who signed in. */
const byPerson: RouteAccess = { needs: 'live', kinds: person };
/** A person at the dashboard: what changes how they sign in is not for a stored credential. */
const bySession: RouteAccess = { needs: 'live', kinds: ['session'] };
/** A person, also through their own token. */
const byPersonOrToken: RouteAccess = { needs: 'live', kinds: [...person, 'personal'] };
const byOwner: RouteAccess = { needs: 'live', kinds: person, role: 'owner' };
/** Only for tokens: it is about the token that the request came with. */
const byTokenItself: RouteAccess = { needs: 'live', kinds: ['personal', 'serviceAccount', 'ci'] };
const byToken = (needs: Permission): RouteAccess => ({ needs, kinds: tokens });
const ofAgent = (needs: Permission, agent: 'path' | 'body' = 'path'): RouteAccess => ({ needs, kinds: tokens, agent });
/** The private REST API: the key's row gives the organization, so no path names one. */
const byPrivateKey = (needs: Permission): RouteAccess => ({ needs, kinds: ['private'] });
const byPublicKey: RouteAccess = { needs: 'live', kinds: ['public'] };
const byWorker: RouteAccess = { needs: 'live', kinds: ['worker'] };
const org = '/v1/organizations/:org';

/** The one table of who may call what. A route that is missing here keeps the server from starting. */
export const routeAccess: Readonly<Record<string, RouteAccess>> = {
  'GET /livez': open,
  'GET /readyz': open,
  'GET /leaderz': open,
  // Asks for the token of its own file: a scraper holds nothing that reaches further.
  'GET /metrics': open,
  'GET /openapi.json': open,
  'GET /docs/api': open,
  'GET /docs/api/:file': open,
  'GET /': open,
  'GET /*': open,
  'POST /auth/setup': open,
  'POST /auth/code': open,
  'POST /auth/session': open,
  'DELETE /auth/session': open,
  // The code of the invitation's link proves the address; for people who have no account yet.
  'POST /auth/invitation': open,
  'GET /auth/methods': open,
  'POST /auth/password': open,
  'POST /auth/passkey/options': open,
  'POST /auth/passkey': open,
  'GET /auth/oidc': open,
  'GET /auth/oidc/callback': open,

  'GET /v1/users/self/security': bySession,
  'PUT /v1/users/self/password': bySession,
  'DELETE /v1/users/self/password': bySession,
  'GET /v1/users/self/passkeys': bySession,
  'POST /v1/users/self/passkeys/options': bySession,
  'POST /v1/users/self/passkeys': bySession,
  'PATCH /v1/users/self/passkeys/:id': bySession,
  'DELETE /v1/users/self/passkeys/:id': bySession,
  'POST /v1/users/self/recovery-codes': bySession,
  'POST /v1/users/self/step-up/code': bySession,
  'POST /v1/users/self/step-up/passkey-options': bySession,
  'POST /v1/users/self/step-up': bySession,
  'GET /v1/users/self/sessions': bySession,
  'DELETE /v1/users/self/sessions': bySession,
  'DELETE /v1/users/self/sessions/:id': bySession,

  // The service lets in the owner of the installation alone.
  'GET /v1/installation/health': byPersonOrToken,

  'GET /v1/users': live,
  'PATCH /v1/users': byPersonOrToken,
  'GET /v1/organizations': live,
  'POST /v1/organizations': byPerson,
  'POST /v1/invitations/accept': byPerson,

  // Lists and details are open to any live token of the owner; making, rotating and revoking others ask for tokens:write in the service,
  // because a token holds that only where its grant names it.
  'GET /v1/tokens': live,
  'POST /v1/tokens': byPersonOrToken,
  'POST /v1/tokens/panic': byPerson,
  'GET /v1/tokens/self': byTokenItself,
  'DELETE /v1/tokens/self': byTokenItself,
  'POST /v1/tokens/self/rotate': byTokenItself,
  'POST /v1/tokens/self/derive': byTokenItself,
  'GET /v1/tokens/self/can': byTokenItself,
  'GET /v1/tokens/:id': live,
  'DELETE /v1/tokens/:id': live,
  'POST /v1/tokens/:id/rotate': byPersonOrToken,
  'POST /v1/tokens/:id/derive': byPersonOrToken,

  [`PATCH ${org}`]: byToken('org:write'),
  [`DELETE ${org}`]: byOwner,
  [`GET ${org}/members`]: byToken('org:read'),
  [`DELETE ${org}/members/self`]: byPerson,
  [`PATCH ${org}/members/:userId`]: byToken('members:write'),
  [`DELETE ${org}/members/:userId`]: byToken('members:write'),
  [`GET ${org}/members/:userId/tokens`]: byToken('members:write'),
  [`GET ${org}/invitations`]: byToken('members:write'),
  [`POST ${org}/invitations`]: byToken('members:write'),
  [`DELETE ${org}/invitations/:id`]: byToken('members:write'),
  [`GET ${org}/policy`]: byToken('org:read'),
  [`PUT ${org}/policy`]: byToken('org:write'),
  [`POST ${org}/policy/dry-run`]: byToken('org:write'),

  [`GET ${org}/tokens`]: byToken('members:write'),
  [`DELETE ${org}/tokens/:id`]: byToken('members:write'),
  [`POST ${org}/tokens/:id/decision`]: byToken('members:write'),
  [`POST ${org}/tokens/:id/adopt`]: byToken('members:write'),
  [`POST ${org}/panic`]: byToken('members:write'),

  [`GET ${org}/service-accounts`]: byToken('tokens:read'),
  [`POST ${org}/service-accounts`]: byToken('members:write'),
  [`GET ${org}/service-accounts/:id`]: byToken('tokens:read'),
  [`PATCH ${org}/service-accounts/:id`]: byToken('members:write'),
  [`DELETE ${org}/service-accounts/:id`]: byToken('members:write'),
  [`GET ${org}/service-accounts/:id/tokens`]: byToken('tokens:read'),
  [`POST ${org}/service-accounts/:id/tokens`]: byToken('members:write'),
  [`DELETE ${org}/service-accounts/:id/tokens/:tokenId`]: byToken('members:write'),
  [`POST ${org}/service-accounts/:id/tokens/:tokenId/rotate`]: byToken('members:write'),

  [`GET ${org}/audit`]: byToken('audit:read'),
  [`GET ${org}/audit/export`]: byToken('audit:read'),
  [`GET ${org}/audit/verify`]: byToken('audit:read'),

  // Whoever holds a credential may end it; and scanners read the format.
  'POST /v1/credentials/revoke': open,
  'GET /.well-known/pipecat-credentials': open,
  [`GET ${org}/leaks`]: byToken('audit:read'),

  [`GET ${org}/daily`]: byToken('org:read'),
  [`GET ${org}/daily/settings`]: byToken('org:read'),
  [`PUT ${org}/daily/settings`]: byToken('org:write'),
  [`DELETE ${org}/daily/settings`]: byToken('org:write'),
  [`GET ${org}/regions`]: byToken('org:read'),
  [`POST ${org}/regions`]: byToken('org:write'),
  [`GET ${org}/regions/:key`]: byToken('org:read'),
  [`DELETE ${org}/regions/:key`]: byToken('org:write'),
  [`POST ${org}/regions/:key/enrollment-tokens`]: byToken('org:write'),
  [`GET ${org}/properties`]: byToken('org:read'),
  [`GET ${org}/properties/schema`]: byToken('org:read'),
  [`PATCH ${org}/properties`]: byToken('org:write'),

  [`GET ${org}/spend-limit`]: byToken('org:read'),
  [`PUT ${org}/spend-limit`]: byToken('org:write'),
  [`GET ${org}/usage`]: byToken('sessions:read'),
  [`GET ${org}/agent-profiles`]: byToken('agents:read'),
  [`POST ${org}/agent-profiles`]: byToken('org:write'),
  [`PATCH ${org}/agent-profiles/:apiName`]: byToken('org:write'),
  [`GET ${org}/registry-keys`]: byToken('keys:read'),
  [`POST ${org}/registry-keys`]: byToken('keys:write'),
  [`DELETE ${org}/registry-keys/:id`]: byToken('keys:write'),
  [`GET ${org}/github/installation`]: byToken('org:read'),
  [`DELETE ${org}/github/installation`]: byToken('org:write'),
  [`GET ${org}/github/install-url`]: byToken('org:write'),
  [`GET ${org}/github/link-url`]: byToken('org:write'),
  [`GET ${org}/github/repositories`]: byToken('org:read'),
  [`GET ${org}/github/repositories/:owner/:repo/branches`]: byToken('org:read'),

  [`GET ${org}/services`]: byToken('agents:read'),
  [`POST ${org}/services`]: ofAgent('agents:deploy', 'body'),
  [`PUT ${org}/services`]: ofAgent('agents:deploy', 'body'),
  [`GET ${org}/services/:name`]: ofAgent('agents:read'),
  [`DELETE ${org}/services/:name`]: ofAgent('agents:delete'),
  [`GET ${org}/services/:name/capacity`]: ofAgent('agents:read'),
  [`GET ${org}/services/:name/deployments`]: ofAgent('agents:read'),
  [`POST ${org}/services/:name/promote`]: ofAgent('agents:deploy'),
  [`POST ${org}/services/:name/rollback`]: ofAgent('agents:deploy'),
  [`GET ${org}/services/:name/logs`]: ofAgent('logs:read'),
  [`GET ${org}/services/:name/logs/follow`]: ofAgent('logs:read'),
  [`GET ${org}/services/:name/log-retention`]: ofAgent('logs:read'),
  [`PUT ${org}/services/:name/log-retention`]: ofAgent('agents:deploy'),
  [`GET ${org}/services/:name/sessions`]: ofAgent('sessions:read'),
  [`POST ${org}/services/:name/sessions`]: ofAgent('sessions:start'),
  [`GET ${org}/services/:name/sessions/:id`]: ofAgent('sessions:read'),
  [`GET ${org}/services/:name/sessions/:id/trace`]: ofAgent('sessions:read'),
  [`DELETE ${org}/services/:name/sessions/:id`]: ofAgent('sessions:stop'),

  [`POST ${org}/services/:name/environments/production/git`]: ofAgent('agents:deploy'),
  [`DELETE ${org}/services/:name/environments/production/git`]: ofAgent('agents:deploy'),
  [`POST ${org}/services/:name/environments/production/git/deploy`]: ofAgent('agents:deploy'),

  [`GET ${org}/apiKeys`]: byToken('keys:read'),
  [`POST ${org}/apiKeys`]: byToken('keys:write'),
  [`DELETE ${org}/apiKeys/:id`]: byToken('keys:write'),
  [`POST ${org}/apiKeys/:id/rotate`]: byToken('keys:write'),

  [`GET ${org}/secrets`]: byToken('secrets:read'),
  [`POST ${org}/secrets/references`]: byToken('secrets:write'),
  [`GET ${org}/secrets/:set`]: byToken('secrets:read'),
  [`PUT ${org}/secrets/:set`]: byToken('secrets:write'),
  [`DELETE ${org}/secrets/:set`]: byToken('secrets:write'),
  [`DELETE ${org}/secrets/:set/:key`]: byToken('secrets:write'),

  [`POST ${org}/builds/upload-url`]: byToken('builds:write'),
  [`POST ${org}/builds`]: byToken('builds:write'),
  [`GET ${org}/builds`]: byToken('builds:read'),
  [`GET ${org}/builds/:id`]: byToken('builds:read'),
  [`POST ${org}/builds/:id/cancel`]: byToken('builds:write'),
  [`GET ${org}/builds/:id/logs`]: byToken('builds:read'),
  // The upload carries a signed, expiring field of its own (contract §10.1): clients send no Authorization header there.
  'POST /v1/uploads': open,

  // OAuth: the protocol's own endpoints judge what they are sent; the pages behind them belong to whoever is signed in.
  'GET /auth/config': open,
  'POST /auth/logout': open,
  'GET /.well-known/openid-configuration': open,
  'GET /.well-known/oauth-authorization-server': open,
  'GET /oauth/jwks': open,
  'GET /oauth/authorize': open,
  'GET /oauth/authorize/:uid': open,
  'POST /oauth/token': open,
  'POST /oauth/device/code': open,
  'POST /oauth/revoke': open,
  'GET /v1/oauth/interactions/:uid': bySession,
  'POST /v1/oauth/interactions/:uid': bySession,
  'POST /v1/oauth/device': bySession,
  'POST /v1/oauth/device/decision': bySession,
  'GET /v1/users/self/logins': byPerson,
  'DELETE /v1/users/self/logins/:id': byPerson,
  // Also the lists ask for org:write: addresses of webhooks often carry a secret in their path.
  [`GET ${org}/webhooks`]: byToken('org:write'),
  [`POST ${org}/webhooks`]: byToken('org:write'),
  [`DELETE ${org}/webhooks/:id`]: byToken('org:write'),
  [`POST ${org}/webhooks/:id/test`]: byToken('org:write'),
  [`GET ${org}/webhooks/:id/deliveries`]: byToken('org:write'),

  'GET /v1/agents': byPrivateKey('agents:read'),
  'POST /v1/agents': byPrivateKey('agents:deploy'),
  'GET /v1/agents/:name': byPrivateKey('agents:read'),
  'POST /v1/agents/:name': byPrivateKey('agents:deploy'),
  'DELETE /v1/agents/:name': byPrivateKey('agents:delete'),
  'GET /v1/agents/:name/logs': byPrivateKey('logs:read'),
  'GET /v1/agents/:name/sessions': byPrivateKey('sessions:read'),
  'GET /v1/agents/:name/sessions/:id': byPrivateKey('sessions:read'),
  'DELETE /v1/agents/:name/sessions/:id': byPrivateKey('sessions:stop'),
  'GET /v1/secrets': byPrivateKey('secrets:read'),
  'GET /v1/secrets/:set': byPrivateKey('secrets:read'),
  'PUT /v1/secrets/:set': byPrivateKey('secrets:write'),
  'DELETE /v1/secrets/:set': byPrivateKey('secrets:write'),
  'DELETE /v1/secrets/:set/:key': byPrivateKey('secrets:write'),
  'GET /v1/properties': byPrivateKey('org:read'),
  'GET /v1/properties/schema': byPrivateKey('org:read'),
  'PATCH /v1/properties': byPrivateKey('org:write'),
  'GET /v1/regions': byPrivateKey('org:read'),
  'POST /v1/builds/upload-url': byPrivateKey('builds:write'),
  'POST /v1/builds': byPrivateKey('builds:write'),
  'GET /v1/builds': byPrivateKey('builds:read'),
  'GET /v1/builds/:id': byPrivateKey('builds:read'),
  'POST /v1/builds/:id/cancel': byPrivateKey('builds:write'),
  'GET /v1/builds/:id/logs': byPrivateKey('builds:read'),

  'POST /v1/public/:agent/start': byPublicKey,
  'ANY /v1/public/:agent/sessions/:id/*': byPublicKey,
  // Phone and messaging providers hold no credential of ours; they prove themselves by a signature, or by a public key as their token.
  'POST /v1/public/webhooks/:org/:agent/dialin': open,
  'GET /v1/public/webhooks/:org/:agent/whatsapp': open,
  'POST /v1/public/webhooks/:org/:agent/whatsapp': open,

  // An enrolment token in the body, one use.
  'POST /v1/workers/enrol': open,
  'GET /v1/workers/channel': byWorker,
  'GET /v1/workers/builds/:id/context': byWorker,
  'GET /v1/workers/ice-servers': byWorker,
};
