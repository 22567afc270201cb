import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';
import { notificationKinds } from './notifications.js';

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** Webhooks of one organization at most. */
export const maxWebhooks = 20;

/** Where an organization's notifications are posted. The secret that signs them is shown once, by the call that made it. */
export const Webhook = Type.Object({
  id: Type.String(),
  url: Type.String(),
  kinds: Type.Array(Type.Enum([...notificationKinds])),
  createdAt: Timestamp,
});
export type Webhook = Static<typeof Webhook>;

export const WebhookList = Type.Object({ webhooks: Type.Array(Webhook) });
export type WebhookList = Static<typeof WebhookList>;

export const CreateWebhookBody = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2000, description: 'https://…' }),
    kinds: Type.Optional(
      Type.Array(Type.Enum([...notificationKinds]), {
        minItems: 1,
        maxItems: 50,
        uniqueItems: true,
        description: 'Which notifications it gets; absent for all there are now',
      }),
    ),
  },
  { additionalProperties: false },
);
export type CreateWebhookBody = Static<typeof CreateWebhookBody>;

export const CreatedWebhook = Type.Object({
  webhook: Webhook,
  secret: Type.String({ description: 'whsec_ and base64, shown this once' }),
});
export type CreatedWebhook = Static<typeof CreatedWebhook>;

/** What the receiver made of one test message, which is sent once and not repeated. */
export const WebhookTest = Type.Object({
  delivered: Type.Boolean(),
  status: nullable(Type.Integer({ description: 'Of its answer; null where none came' })),
  error: nullable(Type.String()),
});
export type WebhookTest = Static<typeof WebhookTest>;

/** `failed`: given up after about a day of attempts. */
export const deliveryStates = ['pending', 'delivered', 'failed'] as const;

export const WebhookDelivery = Type.Object({
  id: Type.String({ description: 'The `webhook-id` header, the same for every attempt' }),
  kind: Type.Enum([...notificationKinds]),
  state: Type.Enum([...deliveryStates]),
  attempts: Type.Integer(),
  nextAttemptAt: nullable(Timestamp),
  lastError: nullable(Type.String()),
  createdAt: Timestamp,
  endedAt: nullable(Timestamp),
});
export type WebhookDelivery = Static<typeof WebhookDelivery>;

/** The newest hundred of the last thirty days. */
export const WebhookDeliveryList = Type.Object({ deliveries: Type.Array(WebhookDelivery) });
export type WebhookDeliveryList = Static<typeof WebhookDeliveryList>;
