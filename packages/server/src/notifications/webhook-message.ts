import type { WebhookMessage } from './post-webhook.js';
import { signatureHeaders } from './webhook-signature.js';

interface Parts {
  url: string;
  secret: string;
  /** The same for every attempt: receivers know by it what they have seen. */
  id: string;
  type: string;
  /** Of the event. */
  createdAt: string;
  /** Of this attempt. */
  now: Date;
  data: Readonly<Record<string, unknown>>;
}

/** `{ type, timestamp, data }`, signed, by Standard Webhooks. */
export function webhookMessage({ url, secret, id, type, createdAt, now, data }: Parts): WebhookMessage {
  const body = JSON.stringify({ type, timestamp: createdAt, data });
  return {
    url,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'PipecatCloud-Webhooks/1',
      ...signatureHeaders(secret, id, now, body),
    },
  };
}
