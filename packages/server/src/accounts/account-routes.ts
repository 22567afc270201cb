import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { WhoAmI } from '@pipecat-cloud/contract/accounts';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import type { Store } from '../db/store.js';
import { notFound } from '../errors.js';
import { principalOf } from '../http/request.js';

export const accountRoutes: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get('/v1/users', { schema: { response: { 200: WhoAmI, '4xx': ErrorEnvelope } } }, async (request) => {
    const principal = principalOf(request);
    const account = principal.kind === 'user' ? await store.accounts.find(principal.userId) : undefined;
    if (!account) throw notFound('User', 'self');
    return { user: { userId: account.id, emails: [{ emailAddress: account.email }] } };
  });
};
