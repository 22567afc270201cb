import { redact } from '@pipecat-cloud/contract/token-format';
import type { Repositories } from '../db/store.js';
import type { Clock, Ids } from '../system.js';
import type { NewDelivery } from './notification-repository.js';
import type { Notification, Notify } from './notify.js';

interface OutboxDeps {
  clock: Clock;
  ids: Ids;
  /** Wakes the senders; called after the commit. */
  nudge: () => void;
}

const maxSubject = 200;
const maxText = 20_000;

/** Writes a notification and a delivery for each that is told of it. Whoever is added later is not told. */
export function createNotify({ clock, ids, nudge }: OutboxDeps): Notify {
  return async (repos, notification) => {
    const deliveries: NewDelivery[] = [
      ...(await peopleToTell(repos, notification)).map((userId) => ({
        id: ids.id(),
        channel: 'mail' as const,
        userId,
      })),
      ...(await webhooksToTell(repos, notification)).map((webhookId) => ({
        id: ids.id(),
        channel: 'webhook' as const,
        webhookId,
      })),
    ];
    if (deliveries.length === 0) return;
    await repos.notifications.insert(
      {
        id: ids.id(),
        kind: notification.kind,
        organizationId: notification.organizationId,
        // A name in it may be anything that somebody typed, a credential by mistake included.
        subject: redact(oneLine(notification.subject)).slice(0, maxSubject),
        text: redact(notification.text).slice(0, maxText),
        path: notification.path ?? null,
        data: JSON.parse(redact(JSON.stringify(notification.data))) as Record<string, unknown>,
      },
      deliveries,
      clock.now(),
    );
    repos.afterCommit(nudge);
  };
}

async function peopleToTell(repos: Repositories, { organizationId, userIds }: Notification): Promise<string[]> {
  if (userIds !== undefined) return [...new Set(userIds)];
  return organizationId === null ? [] : await repos.notifications.ownersAndAdmins(organizationId);
}

async function webhooksToTell(repos: Repositories, { organizationId, kind }: Notification): Promise<string[]> {
  if (organizationId === null) return [];
  const webhooks = await repos.webhooks.list(organizationId);
  return webhooks.filter(({ kinds }) => kinds.includes(kind)).map(({ id }) => id);
}

/** Control characters, line ends and invisible marks that turn text around become one space. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, ' ').trim();
}
