import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old a signed call may be: a recorded one is worth nothing later. */
const toleranceMs = 300_000;

interface SignedCall {
  /** `X-Pinless-Signature` and `X-Pinless-Timestamp`, as they came. */
  signature: unknown;
  timestamp: unknown;
  body: Buffer;
}

/**
 * Whether Daily has signed a call of the dial-in webhook: base64 of the HMAC-SHA256 over `{timestamp}.{body}`, its key the base64 of
 * `hmac` in the number's configuration. The timestamp comes in seconds or milliseconds.
 */
export function isSigned({ signature, timestamp, body }: SignedCall, secret: string, now: Date): boolean {
  if (typeof signature !== 'string' || typeof timestamp !== 'string' || !/^\d{10,13}$/.test(timestamp)) return false;
  const at = Number(timestamp) * (timestamp.length > 11 ? 1 : 1000);
  if (Math.abs(now.getTime() - at) > toleranceMs) return false;
  const expected = createHmac('sha256', Buffer.from(secret, 'base64')).update(`${timestamp}.`).update(body).digest();
  const sent = Buffer.from(signature, 'base64');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}
