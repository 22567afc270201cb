import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

/** 256 random bits, written as the Standard Webhooks specification writes secrets. */
export function makeWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

/**
 * The three headers of Standard Webhooks (standardwebhooks.com, version 1). The receiver computes the signature again over the raw
 * body, compares in constant time, and refuses a timestamp that is minutes away.
 */
export function signatureHeaders(secret: string, id: string, now: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
