import type { RequestFunction } from './client.js';
import type { StatusOk } from './errors.js';
import type { CreatedWebhook, CreateWebhookBody, WebhookDeliveryList, WebhookList, WebhookTest } from './webhooks.js';

/** The calls about webhooks: one per route, spread into the client. */
export function notificationCalls(request: RequestFunction) {
  const webhooks = (o: string) => `/v1/organizations/${encodeURIComponent(o)}/webhooks`;
  const webhook = (o: string, id: string) => `${webhooks(o)}/${encodeURIComponent(id)}`;
  return {
    listWebhooks: (o: string) => request<WebhookList>('GET', webhooks(o)),
    createWebhook: (o: string, body: CreateWebhookBody) => request<CreatedWebhook>('POST', webhooks(o), { body }),
    deleteWebhook: (o: string, id: string) => request<StatusOk>('DELETE', webhook(o, id)),
    testWebhook: (o: string, id: string) => request<WebhookTest>('POST', `${webhook(o, id)}/test`, { body: {} }),
    listWebhookDeliveries: (o: string, id: string) =>
      request<WebhookDeliveryList>('GET', `${webhook(o, id)}/deliveries`),
  };
}
