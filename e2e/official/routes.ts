import type { Version } from './track.js';

/** A route that the published clients know. */
export interface KnownRoute {
  /** In the words of the permission table. */
  route: string;
  /** Absent: both. */
  version?: Version;
  /** Where it can not succeed on an installation without what it is about: the status that it must answer, and why. */
  answers?: { status: number; because: string };
}

const org = '/v1/organizations/:org';
const git = `${org}/services/:name/environments/production/git`;
const unlinked = { status: 404, because: 'no repository can be linked; the text names what to do instead' };

/** What both versions call, and what only the newest does; a test compares this list with what was seen to go by. */
export const routes: readonly KnownRoute[] = [
  { route: 'GET /auth/config' },
  { route: 'GET /.well-known/openid-configuration' },
  { route: 'GET /oauth/authorize' },
  { route: 'POST /oauth/token' },
  { route: 'POST /auth/logout' },
  { route: 'GET /v1/users' },
  { route: 'GET /v1/organizations' },
  { route: `GET ${org}/daily` },
  { route: `GET ${org}/services` },
  { route: `POST ${org}/services` },
  { route: `PUT ${org}/services` },
  { route: `GET ${org}/services/:name` },
  { route: `DELETE ${org}/services/:name` },
  { route: `GET ${org}/services/:name/deployments` },
  { route: `GET ${org}/services/:name/logs` },
  { route: `GET ${org}/services/:name/sessions` },
  { route: `GET ${org}/services/:name/sessions/:id` },
  { route: `DELETE ${org}/services/:name/sessions/:id` },
  { route: 'POST /v1/public/:agent/start' },
  { route: `GET ${org}/apiKeys` },
  { route: `POST ${org}/apiKeys` },
  { route: `DELETE ${org}/apiKeys/:id` },
  { route: `GET ${org}/secrets` },
  { route: `GET ${org}/secrets/:set` },
  { route: `PUT ${org}/secrets/:set` },
  { route: `DELETE ${org}/secrets/:set` },
  { route: `DELETE ${org}/secrets/:set/:key` },
  { route: `GET ${org}/regions` },
  { route: `GET ${org}/properties` },
  { route: `GET ${org}/properties/schema` },
  { route: `PATCH ${org}/properties` },
  { route: `POST ${org}/builds/upload-url` },
  { route: 'POST /v1/uploads' },
  { route: `POST ${org}/builds` },
  { route: `GET ${org}/builds` },
  { route: `GET ${org}/builds/:id` },
  { route: `GET ${org}/builds/:id/logs` },
  ...newest([
    { route: `GET ${org}/agent-profiles` },
    { route: `POST ${org}/agent-profiles` },
    { route: `PATCH ${org}/agent-profiles/:apiName` },
    { route: `GET ${org}/spend-limit` },
    { route: `PUT ${org}/spend-limit` },
    { route: `POST ${org}/regions` },
    { route: `GET ${org}/regions/:key` },
    { route: `DELETE ${org}/regions/:key` },
    { route: `POST ${org}/regions/:key/enrollment-tokens` },
    { route: `POST ${org}/secrets/references` },
    { route: `GET ${org}/registry-keys` },
    { route: `POST ${org}/registry-keys`, answers: { status: 404, because: 'no registry here that a key could open' } },
    { route: `DELETE ${org}/registry-keys/:id`, answers: { status: 404, because: 'no such key, as none can be made' } },
    { route: `GET ${org}/github/installation`, answers: unlinked },
    { route: `DELETE ${org}/github/installation`, answers: unlinked },
    { route: `GET ${org}/github/install-url`, answers: unlinked },
    { route: `GET ${org}/github/link-url`, answers: unlinked },
    { route: `GET ${org}/github/repositories`, answers: unlinked },
    { route: `GET ${org}/github/repositories/:owner/:repo/branches`, answers: unlinked },
    { route: `POST ${git}`, answers: unlinked },
    { route: `DELETE ${git}`, answers: unlinked },
    { route: `POST ${git}/deploy`, answers: unlinked },
  ]),
];

function newest(list: readonly KnownRoute[]): readonly KnownRoute[] {
  return list.map((known) => ({ ...known, version: '1.4.0' }));
}

/** Paths in the settings of the old version that no command of it calls. */
export const unusedPaths: readonly string[] = ['login_path', 'login_status_path', 'onboarding_path'];

export const routesOf = (version: Version) =>
  routes.filter((known) => known.version === undefined || known.version === version);
