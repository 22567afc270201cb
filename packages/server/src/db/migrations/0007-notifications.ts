import { type Kysely, sql } from 'kysely';

const statements = [
  `create table notification (
    id text primary key,
    kind text not null,
    organization_id text references organization(id) on delete cascade,
    subject text not null,
    body_text text not null,
    path text,
    data_json text not null,
    created_at text not null
  )`,
  'create index notification_created on notification (created_at)',
  `create table webhook (
    id text primary key,
    organization_id text not null references organization(id) on delete cascade,
    url text not null,
    kinds_json text not null,
    sealed text not null,
    created_at text not null,
    created_by text
  )`,
  'create index webhook_organization on webhook (organization_id, created_at)',
  `create table delivery (
    id text primary key,
    notification_id text not null references notification(id) on delete cascade,
    channel text not null,
    user_id text references user_account(id) on delete cascade,
    webhook_id text references webhook(id) on delete cascade,
    state text not null,
    attempts integer not null,
    next_attempt_at text not null,
    last_error text,
    ended_at text
  )`,
  'create index delivery_notification on delivery (notification_id)',
  'create index delivery_webhook on delivery (webhook_id)',
  // What the senders look for: few rows of many.
  "create index delivery_due on delivery (channel, next_attempt_at) where state = 'pending'",
  // One row for each threshold that was looked at; the second of two that race inserts nothing.
  `create table token_reminder (
    token_id text not null references token(id) on delete cascade,
    threshold_days integer not null,
    sent integer not null,
    decided_at text not null,
    primary key (token_id, threshold_days)
  )`,
  'create index token_expiry on token (expires_at)',
];

/** The outbox of notifications, webhooks, reminders of tokens that expire. */
export async function notifications(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
