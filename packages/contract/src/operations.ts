import type { Client } from './client.js';

/** Calls that are made by browsers and OAuth libraries, not by this package: pages, redirects and forms of the protocol. */
export const protocolCalls = [
  'signInWithProvider',
  'finishSignInWithProvider',
  'authorize',
  'continueAuthorization',
  'issueToken',
  'requestDeviceCode',
  'revokeToken7009',
  'preflight',
] as const;
export type ProtocolCall = (typeof protocolCalls)[number];

export interface Operation {
  /** The client's method for it, and its `operationId` in the API document. */
  id: (keyof Client & string) | ProtocolCall;
  /** Imperative, without a full stop. */
  summary: string;
  /** Statuses beyond those that follow from the route's credential, parameters and body. */
  also: readonly number[];
}

const does = (id: Operation['id'], summary: string, ...also: number[]): Operation => ({ id, summary, also });
const org = '/v1/organizations/:org';
const self = '/v1/users/self';
const service = `${org}/services/:name`;
const account = `${org}/service-accounts/:id`;

/** What each route is called and does, by the keys of the permission table. Routes between control plane and workers are left out. */
export const operations: Readonly<Record<string, Operation>> = {
  'GET /livez': does('live', 'Tell whether the process answers'),
  'GET /readyz': does('ready', 'Tell whether the database answers'),
  'GET /openapi.json': does('apiDocument', 'Get this document'),

  'POST /auth/setup': does('setUp', 'Sign the owner in for the first time', 401, 403, 410, 429),
  'POST /auth/code': does('requestCode', 'Ask for a sign-in code by e-mail', 403, 429),
  'POST /auth/session': does('signIn', 'Sign in with the code of the e-mail', 401, 403, 429),
  'DELETE /auth/session': does('signOut', 'Sign out of the dashboard', 403),
  'POST /auth/invitation': does('acceptAsNewcomer', 'Accept an invitation and sign in', 401, 403, 404, 409, 410, 429),
  'GET /auth/methods': does('signInMethods', 'List the ways to sign in'),
  'POST /auth/password': does('signInWithPassword', 'Sign in with a password', 401, 403, 404, 429),
  'POST /auth/passkey/options': does('passkeySignInOptions', 'Begin to sign in with a passkey', 403, 404, 429),
  'POST /auth/passkey': does('signInWithPasskey', 'Sign in with a passkey', 401, 403, 404, 429),
  'GET /auth/oidc': does('signInWithProvider', 'Go to the identity provider', 303, 400, 404, 429),
  'GET /auth/oidc/callback': does(
    'finishSignInWithProvider',
    'Come back from the identity provider',
    303,
    400,
    404,
    429,
  ),
  'GET /auth/config': does('authConfig', 'Get what the command line needs to sign in'),
  'POST /auth/logout': does('logout', 'End a sign-in of the command line by holding its tokens', 429),

  [`GET ${self}/security`]: does('security', 'Show how you sign in'),
  [`PUT ${self}/password`]: does('putPassword', 'Set your password', 404),
  [`DELETE ${self}/password`]: does('removePassword', 'Remove your password', 404, 409),
  [`GET ${self}/passkeys`]: does('listPasskeys', 'List your passkeys'),
  [`POST ${self}/passkeys/options`]: does('passkeyOptions', 'Begin to add a passkey', 404, 409),
  [`POST ${self}/passkeys`]: does('addPasskey', 'Add a passkey', 404, 409),
  [`PATCH ${self}/passkeys/:id`]: does('renamePasskey', 'Rename a passkey'),
  [`DELETE ${self}/passkeys/:id`]: does('removePasskey', 'Remove a passkey', 409),
  [`POST ${self}/recovery-codes`]: does('makeRecoveryCodes', 'Make new recovery codes', 409),
  [`POST ${self}/step-up/code`]: does('stepUpCode', 'Ask for a code to confirm who you are'),
  [`POST ${self}/step-up/passkey-options`]: does(
    'stepUpPasskeyOptions',
    'Begin to confirm who you are with a passkey',
    404,
  ),
  [`POST ${self}/step-up`]: does('stepUp', 'Confirm who you are', 404),
  [`GET ${self}/sessions`]: does('listDashboardSessions', 'List the browsers that you are signed in with'),
  [`DELETE ${self}/sessions`]: does('endOtherDashboardSessions', 'Sign out everywhere else'),
  [`DELETE ${self}/sessions/:id`]: does('endDashboardSession', 'Sign one browser out'),
  [`GET ${self}/logins`]: does('listLogins', 'List the command lines that you are signed in with'),
  [`DELETE ${self}/logins/:id`]: does('endLogin', 'Sign one command line out'),

  'GET /v1/users': does('whoAmI', 'Show who you are'),
  'PATCH /v1/users': does('setDefaultOrganization', 'Choose your default organization', 404),
  'GET /v1/organizations': does('listOrganizations', 'List the organizations that the credential reaches'),
  'POST /v1/organizations': does('createOrganization', 'Create an organization', 409),
  'POST /v1/invitations/accept': does('acceptInvitation', 'Accept an invitation', 404, 409, 410),

  'GET /v1/tokens': does('listTokens', 'List your tokens'),
  'POST /v1/tokens': does('createToken', 'Make a token', 404, 409),
  'POST /v1/tokens/panic': does('panic', 'Revoke all your tokens that were issued or used since a time', 404),
  'GET /v1/tokens/self': does('describeToken', 'Show the token in use'),
  'DELETE /v1/tokens/self': does('revokeSelf', 'Revoke the token in use', 404),
  'POST /v1/tokens/self/rotate': does('rotateSelf', 'Rotate the token in use', 404, 409),
  'POST /v1/tokens/self/derive': does('deriveSelf', 'Derive a narrower token from the one in use', 404, 409),
  'GET /v1/tokens/self/can': does('can', 'Ask what the token in use may do here', 400),
  'GET /v1/tokens/:id': does('getToken', 'Show one of your tokens'),
  'DELETE /v1/tokens/:id': does('revokeToken', 'Revoke one of your tokens'),
  'POST /v1/tokens/:id/rotate': does('rotateToken', 'Rotate one of your tokens', 409),
  'POST /v1/tokens/:id/derive': does('deriveToken', 'Derive a narrower token', 409),

  [`PATCH ${org}`]: does('updateOrganization', "Change an organization's title"),
  [`DELETE ${org}`]: does('deleteOrganization', 'Delete an organization with all that is in it', 409),
  [`GET ${org}/members`]: does('listMembers', 'List the members'),
  [`DELETE ${org}/members/self`]: does('leaveOrganization', 'Leave the organization', 404, 409),
  [`PATCH ${org}/members/:userId`]: does('updateMember', "Change a member's role", 409),
  [`DELETE ${org}/members/:userId`]: does('removeMember', 'Remove a member, saying what becomes of their tokens', 409),
  [`GET ${org}/members/:userId/tokens`]: does(
    'listMemberTokens',
    'List the tokens of a member that reach the organization',
  ),
  [`GET ${org}/invitations`]: does('listInvitations', 'List the invitations'),
  [`POST ${org}/invitations`]: does('createInvitation', 'Invite somebody', 409),
  [`DELETE ${org}/invitations/:id`]: does('revokeInvitation', 'Take an invitation back', 409),
  [`GET ${org}/policy`]: does('getPolicy', 'Show the policy'),
  [`PUT ${org}/policy`]: does('putPolicy', 'Change the policy', 409),
  [`POST ${org}/policy/dry-run`]: does('dryRunPolicy', 'Show which tokens a policy would stop'),
  [`GET ${org}/tokens`]: does('listOrganizationTokens', 'List every token that reaches the organization'),
  [`DELETE ${org}/tokens/:id`]: does('endOrganizationToken', 'Stop a token from reaching the organization', 409),
  [`POST ${org}/tokens/:id/decision`]: does('decideOnToken', 'Approve or deny a personal token', 409),
  [`POST ${org}/tokens/:id/adopt`]: does('adoptToken', 'Give a token to a service account', 409),
  [`POST ${org}/panic`]: does('panicOrganization', 'Revoke all tokens that were issued or used since a time', 404),

  [`GET ${org}/service-accounts`]: does('listServiceAccounts', 'List the service accounts'),
  [`POST ${org}/service-accounts`]: does('createServiceAccount', 'Create a service account', 409),
  [`GET ${account}`]: does('getServiceAccount', 'Show a service account'),
  [`PATCH ${account}`]: does('updateServiceAccount', 'Change or disable a service account', 409),
  [`DELETE ${account}`]: does('deleteServiceAccount', 'Delete a service account and revoke its tokens'),
  [`GET ${account}/tokens`]: does('listServiceAccountTokens', 'List the tokens of a service account'),
  [`POST ${account}/tokens`]: does('createServiceAccountToken', 'Make a token for a service account', 409),
  [`DELETE ${account}/tokens/:tokenId`]: does('revokeServiceAccountToken', 'Revoke a token of a service account', 409),
  [`POST ${account}/tokens/:tokenId/rotate`]: does(
    'rotateServiceAccountToken',
    'Rotate a token of a service account',
    409,
  ),

  [`GET ${org}/audit`]: does('listAudit', 'Read the audit log'),
  [`GET ${org}/audit/export`]: does('exportAudit', 'Export the audit log as JSON lines'),
  [`GET ${org}/audit/verify`]: does('verifyAudit', 'Verify the chain of the audit log'),
  [`GET ${org}/leaks`]: does('listLeaks', 'List credentials that were found in the open'),
  'POST /v1/credentials/revoke': does('revokeCredentials', 'Revoke credentials by holding them', 429),
  'GET /.well-known/pipecat-credentials': does('credentialFormat', 'Describe how credentials are built, for scanners'),

  [`GET ${org}/daily`]: does('dailyKey', 'Get the Daily API key', 404),
  [`GET ${org}/regions`]: does('listRegions', 'List the regions'),
  [`GET ${org}/properties`]: does('getProperties', 'Show the properties of the organization'),
  [`GET ${org}/properties/schema`]: does('getPropertySchema', 'Describe the properties of the organization'),
  [`PATCH ${org}/properties`]: does('patchProperties', 'Change the properties of the organization'),

  [`GET ${org}/services`]: does('listServices', 'List the agents'),
  [`POST ${org}/services`]: does('createService', 'Create an agent with its first deployment', 404, 409),
  [`PUT ${org}/services`]: does('updateService', 'Update an agent with a new deployment', 404, 409),
  [`GET ${service}`]: does('getService', 'Show an agent and how its rollout goes'),
  [`DELETE ${service}`]: does('deleteService', 'Delete an agent', 409),
  [`GET ${service}/deployments`]: does('listDeployments', 'List the deployments of an agent'),
  [`GET ${service}/logs`]: does('readLogs', 'Read the logs of an agent'),
  [`GET ${service}/sessions`]: does('listSessions', 'List the sessions of an agent'),
  [`POST ${service}/sessions`]: does('startSession', 'Start a session with a token', 402, 413),
  [`GET ${service}/sessions/:id`]: does('getSession', 'Show a session with its metrics'),
  [`DELETE ${service}/sessions/:id`]: does('stopSession', 'Stop a session'),

  [`GET ${org}/apiKeys`]: does('listApiKeys', 'List the API keys'),
  [`POST ${org}/apiKeys`]: does('createApiKey', 'Create an API key', 409),
  [`DELETE ${org}/apiKeys/:id`]: does('revokeApiKey', 'Revoke an API key'),
  [`POST ${org}/apiKeys/:id/rotate`]: does('rotateApiKey', 'Give an API key a new value', 409),

  [`GET ${org}/secrets`]: does('listSecretSets', 'List the secret sets'),
  [`GET ${org}/secrets/:set`]: does('getSecretSet', 'List the names in a secret set'),
  [`PUT ${org}/secrets/:set`]: does('putSecret', 'Create or change a secret set', 409),
  [`DELETE ${org}/secrets/:set`]: does('deleteSecretSet', 'Delete a secret set', 409),
  [`DELETE ${org}/secrets/:set/:key`]: does('deleteSecret', 'Delete one secret of a set', 409),

  [`POST ${org}/builds/upload-url`]: does('createUpload', 'Get a presigned form for the upload of a build context'),
  [`POST ${org}/builds`]: does(
    'createBuild',
    'Build an image, or find the one that was built from the same context',
    404,
    409,
  ),
  [`GET ${org}/builds`]: does('listBuilds', 'List the builds'),
  [`GET ${org}/builds/:id`]: does('getBuild', 'Show a build'),
  [`GET ${org}/builds/:id/logs`]: does('readBuildLogs', 'Read the log of a build'),
  'POST /v1/uploads': does(
    'uploadContext',
    'Upload a build context with the presigned form',
    401,
    403,
    404,
    409,
    410,
    429,
  ),

  'GET /.well-known/openid-configuration': does('openidConfiguration', 'Discover the OAuth endpoints (OpenID Connect)'),
  'GET /.well-known/oauth-authorization-server': does('authorizationServer', 'Discover the OAuth endpoints (RFC 8414)'),
  'GET /oauth/jwks': does('signingKeys', 'Get the public keys that ID tokens are signed with'),
  'GET /oauth/authorize': does('authorize', 'Begin to sign in from the command line', 303, 400, 429),
  'GET /oauth/authorize/:uid': does('continueAuthorization', 'Go on after the consent page', 303),
  'POST /oauth/token': does('issueToken', 'Issue or refresh tokens', 401, 429),
  'POST /oauth/device/code': does('requestDeviceCode', 'Get a code to type into a browser elsewhere', 401, 429),
  'POST /oauth/revoke': does('revokeToken7009', 'Revoke a token by holding it (RFC 7009)', 429),
  'GET /v1/oauth/interactions/:uid': does('getOauthRequest', 'Show what a command line asks for', 410),
  'POST /v1/oauth/interactions/:uid': does('decideOauthRequest', 'Allow or deny what a command line asks for', 410),
  'POST /v1/oauth/device': does('findDeviceRequest', 'Show what a device asks for', 404, 410),
  'POST /v1/oauth/device/decision': does('decideDeviceRequest', 'Allow or deny what a device asks for', 404, 410),

  [`GET ${org}/webhooks`]: does('listWebhooks', 'List the webhooks'),
  [`POST ${org}/webhooks`]: does('createWebhook', 'Create a webhook', 409),
  [`DELETE ${org}/webhooks/:id`]: does('deleteWebhook', 'Delete a webhook'),
  [`POST ${org}/webhooks/:id/test`]: does('testWebhook', 'Send a test message', 429),
  [`GET ${org}/webhooks/:id/deliveries`]: does('listWebhookDeliveries', 'List what was sent to a webhook'),

  'GET /v1/agents': does('listAgentsByKey', 'List the agents', 400),
  'POST /v1/agents': does('createAgentByKey', 'Create an agent with its first deployment', 404, 409),
  'GET /v1/agents/:name': does('getAgentByKey', 'Show an agent and how its rollout goes'),
  'POST /v1/agents/:name': does('updateAgentByKey', 'Update an agent with a new deployment', 409),
  'DELETE /v1/agents/:name': does('deleteAgentByKey', 'Delete an agent', 409),
  'GET /v1/agents/:name/logs': does('readLogsByKey', 'Read the logs of an agent'),
  'GET /v1/agents/:name/sessions': does('listSessionsByKey', 'List the sessions of an agent'),
  'GET /v1/agents/:name/sessions/:id': does('getSessionByKey', 'Show a session with its metrics'),
  'DELETE /v1/agents/:name/sessions/:id': does('stopSessionByKey', 'Stop a session'),
  'GET /v1/secrets': does('listSecretSetsByKey', 'List the secret sets', 400),
  'GET /v1/secrets/:set': does('getSecretSetByKey', 'List the names in a secret set'),
  'PUT /v1/secrets/:set': does('putSecretByKey', 'Create or change a secret set', 409),
  'DELETE /v1/secrets/:set': does('deleteSecretSetByKey', 'Delete a secret set', 409),
  'DELETE /v1/secrets/:set/:key': does('deleteSecretByKey', 'Delete one secret of a set', 409),
  'GET /v1/properties': does('getPropertiesByKey', 'Show the properties of the organization'),
  'GET /v1/properties/schema': does('getPropertySchemaByKey', 'Describe the properties of the organization'),
  'PATCH /v1/properties': does('patchPropertiesByKey', 'Change the properties of the organization'),
  'GET /v1/regions': does('listRegionsByKey', 'List the regions'),
  'POST /v1/builds/upload-url': does('createUploadByKey', 'Get a presigned form for the upload of a build context'),
  'POST /v1/builds': does('createBuildByKey', 'Build an image, or find the one of the same context', 404, 409),
  'GET /v1/builds': does('listBuildsByKey', 'List the builds', 400),
  'GET /v1/builds/:id': does('getBuildByKey', 'Show a build'),
  'GET /v1/builds/:id/logs': does('readBuildLogsByKey', 'Read the log of a build'),

  'POST /v1/public/:agent/start': does('startPublic', 'Start a session with a public key', 402, 413, 414),
  'OPTIONS /v1/public/*': does('preflight', "Answer a browser's preflight", 204, 414),
  'ANY /v1/public/:agent/sessions/:id/*': does('callSession', 'Call a route of the agent in a session', 414, 502),
};
