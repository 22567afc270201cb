import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  AdoptBody,
  CreatedToken,
  CreateTokenBody,
  DecisionBody,
  PanicBody,
  PanicResult,
  RotatedToken,
  RotateTokenBody,
  TokenEnvelope,
  TokenList,
} from '@pipecat-cloud/contract/tokens';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf, principalOf } from '../http/request.js';
import type { OrganizationTokens } from './organization-tokens.js';
import type { TokenPanic } from './token-panic.js';

interface OrganizationTokenRoutesOptions {
  tokens: OrganizationTokens;
  panic: TokenPanic;
}

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const org = '/v1/organizations/:org';
const ofAccount = `${org}/service-accounts/:id/tokens`;
const TokenParams = Type.Object({ org: Type.String(), id: Type.String() });
const AccountTokenParams = Type.Object({ org: Type.String(), id: Type.String(), tokenId: Type.String() });
const ok = { status: 'OK' as const };

/** For admins: tokens that reach the organization, and those of its service accounts. */
export const organizationTokenRoutes: FastifyPluginAsyncTypebox<OrganizationTokenRoutesOptions> = async (
  app,
  { tokens, panic },
) => {
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('cache-control', 'no-store');
  });

  app.get(`${org}/tokens`, { schema: { response: { 200: TokenList, ...errors } } }, async (request) => ({
    tokens: await tokens.list(organizationOf(request)),
  }));
  app.delete(
    `${org}/tokens/:id`,
    { schema: { params: TokenParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await tokens.end(organizationOf(request), principalOf(request), actorOfRequest(request), request.params.id);
      return ok;
    },
  );
  app.post(
    `${org}/tokens/:id/decision`,
    { schema: { params: TokenParams, body: DecisionBody, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      const { id } = request.params;
      await tokens.decide(organizationOf(request), principalOf(request), actorOfRequest(request), id, request.body);
      return ok;
    },
  );
  app.post(
    `${org}/tokens/:id/adopt`,
    { schema: { params: TokenParams, body: AdoptBody, response: { 200: TokenEnvelope, ...errors } } },
    async (request) => {
      const { serviceAccountId } = request.body;
      const [organization, principal, actor] = [organizationOf(request), principalOf(request), actorOfRequest(request)];
      return { token: await tokens.adopt(organization, principal, actor, request.params.id, serviceAccountId) };
    },
  );
  app.post(
    `${org}/panic`,
    { schema: { body: PanicBody, response: { 200: PanicResult, ...errors } } },
    async (request) =>
      await panic.ofOrganization(organizationOf(request), principalOf(request), actorOfRequest(request), request.body),
  );

  app.get(ofAccount, { schema: { params: TokenParams, response: { 200: TokenList, ...errors } } }, async (request) => ({
    tokens: await tokens.listOfServiceAccount(organizationOf(request), request.params.id),
  }));
  app.post(
    ofAccount,
    { schema: { params: TokenParams, body: CreateTokenBody, response: { 200: CreatedToken, ...errors } } },
    async (request) =>
      await tokens.createForServiceAccount(
        organizationOf(request),
        principalOf(request),
        actorOfRequest(request),
        request.params.id,
        request.body,
      ),
  );
  app.delete(
    `${ofAccount}/:tokenId`,
    { schema: { params: AccountTokenParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      const { id, tokenId } = request.params;
      const [organization, principal, actor] = [organizationOf(request), principalOf(request), actorOfRequest(request)];
      await tokens.revokeOfServiceAccount(organization, principal, actor, id, tokenId);
      return ok;
    },
  );
  app.post(
    `${ofAccount}/:tokenId/rotate`,
    {
      schema: {
        params: AccountTokenParams,
        body: Type.Union([RotateTokenBody, Type.Null()]),
        response: { 200: RotatedToken, ...errors },
      },
    },
    async (request) => {
      const { id, tokenId } = request.params;
      const [organization, principal, actor] = [organizationOf(request), principalOf(request), actorOfRequest(request)];
      return await tokens.rotateOfServiceAccount(organization, principal, actor, id, tokenId, request.body ?? {});
    },
  );
};
