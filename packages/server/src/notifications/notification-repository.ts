import type { NotificationKind } from '@pipecat-cloud/contract/notifications';
import type { WebhookDelivery } from '@pipecat-cloud/contract/webhooks';
import type { RepositoryContext } from '../db/store.js';

export type Channel = 'mail' | 'webhook';

export interface NewNotification {
  id: string;
  kind: NotificationKind;
  organizationId: string | null;
  subject: string;
  text: string;
  path: string | null;
  data: Readonly<Record<string, unknown>>;
}
export type NewDelivery = { id: string } & (
  | { channel: 'mail'; userId: string }
  | { channel: 'webhook'; webhookId: string }
);

/** One delivery that this sender has taken; `attempt` counts from 1. */
export interface ClaimedDelivery {
  id: string;
  attempt: number;
  kind: NotificationKind;
  subject: string;
  text: string;
  path: string | null;
  data: Record<string, unknown>;
  createdAt: string;
  to: { channel: 'mail'; email: string } | { channel: 'webhook'; organizationId: string; webhookId: string };
}

/** The outbox: notifications, and where each is to go. */
export function createNotificationRepository({ db, dialect }: RepositoryContext) {
  return {
    async insert(notification: NewNotification, deliveries: readonly NewDelivery[], now: Date): Promise<void> {
      await db
        .insertInto('notification')
        .values({
          id: notification.id,
          kind: notification.kind,
          organization_id: notification.organizationId,
          subject: notification.subject,
          body_text: notification.text,
          path: notification.path,
          data_json: JSON.stringify(notification.data),
          created_at: now.toISOString(),
        })
        .execute();
      if (deliveries.length === 0) return;
      await db
        .insertInto('delivery')
        .values(
          deliveries.map((delivery) => ({
            id: delivery.id,
            notification_id: notification.id,
            channel: delivery.channel,
            user_id: delivery.channel === 'mail' ? delivery.userId : null,
            webhook_id: delivery.channel === 'webhook' ? delivery.webhookId : null,
            state: 'pending',
            attempts: 0,
            next_attempt_at: now.toISOString(),
          })),
        )
        .execute();
    },

    /** Who an organization's notifications are mailed to. */
    async ownersAndAdmins(organizationId: string): Promise<string[]> {
      const rows = await db
        .selectFrom('membership')
        .select('user_id')
        .where('organization_id', '=', organizationId)
        .where('role', 'in', ['owner', 'admin'])
        .orderBy('created_at')
        .execute();
      return rows.map(({ user_id }) => user_id);
    },

    /**
     * Takes what is due, oldest first. One statement, so two senders never share a delivery; one that is lost with its sender is
     * taken again at `until`.
     */
    async claim(channel: Channel, limit: number, now: Date, until: Date): Promise<ClaimedDelivery[]> {
      const due = now.toISOString();
      // Nothing is written where nothing is due, which is nearly always.
      const any = await db
        .selectFrom('delivery')
        .select('id')
        .where('channel', '=', channel)
        .where('state', '=', 'pending')
        .where('next_attempt_at', '<=', due)
        .limit(1)
        .executeTakeFirst();
      if (!any) return [];
      const claimed = await db
        .updateTable('delivery')
        .set(({ eb }) => ({ attempts: eb('attempts', '+', 1), next_attempt_at: until.toISOString() }))
        .where('state', '=', 'pending')
        .where('next_attempt_at', '<=', due)
        .where('id', 'in', (eb) =>
          eb
            .selectFrom('delivery')
            .select('id')
            .where('channel', '=', channel)
            .where('state', '=', 'pending')
            .where('next_attempt_at', '<=', due)
            .orderBy('next_attempt_at')
            .orderBy('id')
            .limit(limit)
            // Without this, a second sender waits for the first one's rows in place of taking the next ones.
            .$if(dialect === 'postgres', (query) => query.forUpdate().skipLocked()),
        )
        .returning('id')
        .execute();
      return claimed.length === 0 ? [] : await contentsOf(claimed.map(({ id }) => id));
    },

    /** The other side has it. Also when another sender took it over meanwhile: it need not go out once more. */
    async markDelivered(id: string, now: Date): Promise<void> {
      await db
        .updateTable('delivery')
        .set({ state: 'delivered', ended_at: now.toISOString(), last_error: null })
        .where('id', '=', id)
        .where('state', '!=', 'delivered')
        .execute();
    },

    /** Ignored when another sender has taken it over: `attempt` is the one that failed. */
    async tryAgainAt(id: string, attempt: number, at: Date, error: string): Promise<void> {
      await db
        .updateTable('delivery')
        .set({ next_attempt_at: at.toISOString(), last_error: error })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where('attempts', '=', attempt)
        .execute();
    },

    /** As if it had not been claimed. */
    async release(id: string, attempt: number, now: Date): Promise<void> {
      await db
        .updateTable('delivery')
        .set({ next_attempt_at: now.toISOString(), attempts: attempt - 1 })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where('attempts', '=', attempt)
        .execute();
    },

    async giveUp(id: string, attempt: number, now: Date, error: string): Promise<void> {
      await db
        .updateTable('delivery')
        .set({ state: 'failed', ended_at: now.toISOString(), last_error: error })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where('attempts', '=', attempt)
        .execute();
    },

    /** Newest first. */
    async listOfWebhook(organizationId: string, webhookId: string, limit: number): Promise<WebhookDelivery[]> {
      const rows = await db
        .selectFrom('delivery')
        .innerJoin('notification', 'notification.id', 'delivery.notification_id')
        .innerJoin('webhook', 'webhook.id', 'delivery.webhook_id')
        .select(['delivery.id', 'notification.kind', 'delivery.state', 'delivery.attempts', 'delivery.last_error'])
        .select(['delivery.next_attempt_at', 'notification.created_at', 'delivery.ended_at'])
        .where('webhook.organization_id', '=', organizationId)
        .where('webhook.id', '=', webhookId)
        .orderBy('notification.created_at', 'desc')
        .orderBy('delivery.id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind as NotificationKind,
        state: row.state as WebhookDelivery['state'],
        attempts: row.attempts,
        nextAttemptAt: row.state === 'pending' ? row.next_attempt_at : null,
        lastError: row.last_error,
        createdAt: row.created_at,
        endedAt: row.ended_at,
      }));
    },

    /** Removes what is older, with its deliveries. */
    async prune(before: Date): Promise<void> {
      await db.deleteFrom('notification').where('created_at', '<', before.toISOString()).execute();
    },
  };

  async function contentsOf(ids: readonly string[]): Promise<ClaimedDelivery[]> {
    const rows = await db
      .selectFrom('delivery')
      .innerJoin('notification', 'notification.id', 'delivery.notification_id')
      .leftJoin('user_account', 'user_account.id', 'delivery.user_id')
      .leftJoin('webhook', 'webhook.id', 'delivery.webhook_id')
      .select(['delivery.id', 'delivery.attempts', 'notification.kind', 'notification.subject'])
      .select(['notification.body_text', 'notification.path', 'notification.data_json', 'notification.created_at'])
      .select(['user_account.email', 'webhook.id as webhook_id', 'webhook.organization_id'])
      .where('delivery.id', 'in', ids)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      attempt: row.attempts,
      kind: row.kind as NotificationKind,
      subject: row.subject,
      text: row.body_text,
      path: row.path,
      data: JSON.parse(row.data_json) as Record<string, unknown>,
      createdAt: row.created_at,
      to:
        row.webhook_id !== null && row.organization_id !== null
          ? { channel: 'webhook', organizationId: row.organization_id, webhookId: row.webhook_id }
          : { channel: 'mail', email: row.email ?? '' },
    }));
  }
}
