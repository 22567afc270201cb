import { type Kysely, sql } from 'kysely';

const statements = [
  `create table daily_setting (
    organization_id text primary key references organization(id),
    sealed_key text,
    key_hint text,
    sealed_dialin_secret text,
    allow_unsigned_dialin integer not null default 0,
    updated_at text not null
  )`,
  // Rooms that this server has made or is about to make, until they are deleted. No foreign key to the session: the row comes first.
  `create table daily_room (
    session_id text primary key,
    organization_id text not null references organization(id),
    name text not null,
    url text,
    own_key integer not null,
    expires_at text not null,
    attempts integer not null default 0,
    not_before text not null
  )`,
  'create index daily_room_due on daily_room (not_before)',
  `create table whatsapp_call (
    agent_id text not null,
    call_id text not null,
    organization_id text not null references organization(id),
    session_id text not null,
    created_at text not null,
    primary key (agent_id, call_id)
  )`,
];

/** Daily keys and rooms, and which session a WhatsApp call belongs to. */
export async function telephony(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
