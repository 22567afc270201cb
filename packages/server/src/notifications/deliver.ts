import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Clock } from '../system.js';
import type { ClaimedDelivery } from './notification-repository.js';
import type { SendMail } from './notify.js';
import type { PostWebhook } from './post-webhook.js';
import type { Outcome } from './sender.js';
import { webhookMessage } from './webhook-message.js';

type Deliver = (delivery: ClaimedDelivery, signal: AbortSignal) => Promise<Outcome>;

/** Without a mail server each mail is one line of the log, without its text; nobody is waiting for it. */
export function createDeliverMail(deps: { send: SendMail | undefined; log: Logger; publicUrl: string }): Deliver {
  const { send, log, publicUrl } = deps;
  return async ({ id, kind, subject, text, path, to }) => {
    if (to.channel !== 'mail') throw new Error(`Delivery ${id} is no mail`);
    if (!send) {
      log.warn({ kind, subject, to: to.email }, 'a mail was not sent: no mail server is set (PIPECAT_CLOUD_SMTP_URL)');
      return { delivered: true };
    }
    try {
      await send({ to: to.email, subject, text: `${text}\n\n-- \n${publicUrl}${path ?? ''}\n`, id });
      return { delivered: true };
    } catch (error) {
      return { delivered: false, error: error instanceof Error ? error.message : 'unknown error' };
    }
  };
}

export function createDeliverWebhook(deps: { store: Store; box: SecretBox; clock: Clock; post: PostWebhook }): Deliver {
  const { store, box, clock, post } = deps;
  return async ({ id, kind, subject, data, createdAt, to }, signal) => {
    if (to.channel !== 'webhook') throw new Error(`Delivery ${id} is for no webhook`);
    const { organizationId, webhookId } = to;
    const webhook = await store.webhooks.find(organizationId, webhookId);
    // Deleted meanwhile, and its deliveries with it: there is nothing to do and nothing to mark.
    if (!webhook) return { delivered: true };
    const secret = await box.open(store, organizationId, ['webhook', webhookId], webhook.sealed);
    const message = webhookMessage({
      url: webhook.url,
      secret,
      id,
      type: kind,
      createdAt,
      now: clock.now(),
      data: { ...data, organizationId, summary: subject },
    });
    const { error } = await post(message, signal);
    return error === null ? { delivered: true } : { delivered: false, error };
  };
}
