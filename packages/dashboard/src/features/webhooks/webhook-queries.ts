import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const webhookKeys = {
  all: (org: string) => ['org', org, 'webhooks'] as const,
  deliveries: (org: string, id: string) => ['org', org, 'webhooks', id, 'deliveries'] as const,
};

export const webhooksQuery = (org: string) =>
  queryOptions({ queryKey: webhookKeys.all(org), queryFn: async () => (await api.listWebhooks(org)).webhooks });

export const deliveriesQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: webhookKeys.deliveries(org, id),
    queryFn: async () => (await api.listWebhookDeliveries(org, id)).deliveries,
  });
