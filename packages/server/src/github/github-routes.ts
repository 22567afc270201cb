import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { AppError } from '../errors.js';

const organization = '/v1/organizations/:org';
const github = `${organization}/github`;
const git = `${organization}/services/:name/environments/production/git`;

/**
 * Deploying from GitHub is not part of this platform yet: each route that newer clients know answers that nothing is linked, and
 * what to do instead (contract §13.2). 404 is what they take for "not connected".
 */
export const githubRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const schema = { response: { 200: StatusOk, '4xx': ErrorEnvelope } };
  for (const [method, url] of [
    ['GET', `${github}/installation`],
    ['DELETE', `${github}/installation`],
    ['GET', `${github}/repositories`],
    ['GET', `${github}/repositories/:owner/:repo/branches`],
    ['POST', git],
    ['DELETE', git],
    ['POST', `${git}/deploy`],
  ] as const) {
    app.route({ method, url, schema, handler: async () => Promise.reject(notLinked()) });
  }
  for (const url of [`${github}/install-url`, `${github}/link-url`]) {
    app.get(url, { schema }, async () => Promise.reject(cannotLink()));
  }
};

const instead =
  'Deploy from a pipeline of your own: docs/ci.md shows how a CI job uploads the files and deploys them with one token';

const notLinked = () => new AppError(404, '404', `This organization is not linked to GitHub. ${instead}`);
const cannotLink = () =>
  new AppError(404, '404', `This installation has no GitHub App, so there is nothing to connect to. ${instead}`);
