import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  CreatedWebhook,
  CreateWebhookBody,
  WebhookDeliveryList,
  WebhookList,
  WebhookTest,
} from '@pipecat-cloud/contract/webhooks';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { WebhookService } from './webhook-service.js';

const WebhookParams = Type.Object({ org: Type.String(), id: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const path = '/v1/organizations/:org/webhooks';

export const webhookRoutes: FastifyPluginAsyncTypebox<{ webhooks: WebhookService }> = async (app, { webhooks }) => {
  app.get(path, { schema: { response: { 200: WebhookList, ...errors } } }, async (request) => {
    return { webhooks: await webhooks.list(organizationOf(request).id) };
  });

  app.post(
    path,
    { schema: { body: CreateWebhookBody, response: { 200: CreatedWebhook, ...errors } } },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await webhooks.create(organizationOf(request), actorOfRequest(request), request.body);
    },
  );

  app.delete(
    `${path}/:id`,
    { schema: { params: WebhookParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await webhooks.remove(organizationOf(request), actorOfRequest(request), request.params.id);
      return { status: 'OK' as const };
    },
  );

  app.post(
    `${path}/:id/test`,
    { schema: { params: WebhookParams, response: { 200: WebhookTest, ...errors } } },
    async (request) => await webhooks.test(organizationOf(request), request.params.id),
  );

  app.get(
    `${path}/:id/deliveries`,
    { schema: { params: WebhookParams, response: { 200: WebhookDeliveryList, ...errors } } },
    async (request) => ({ deliveries: await webhooks.deliveries(organizationOf(request).id, request.params.id) }),
  );
};
