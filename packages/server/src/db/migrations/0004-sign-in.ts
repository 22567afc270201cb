import { type Kysely, sql } from 'kysely';

const statements = [
  // Sessions live twelve hours: whoever is signed in during the upgrade signs in once more.
  'drop table dashboard_session',
  `create table dashboard_session (
    id text primary key,
    digest text not null unique,
    user_id text not null references user_account(id),
    created_at text not null,
    authenticated_at text not null,
    last_seen_at text not null,
    expires_at text not null,
    address text,
    user_agent text,
    factors_json text not null
  )`,
  'create index dashboard_session_user on dashboard_session (user_id)',
  `create table password (
    user_id text primary key references user_account(id),
    hash text not null,
    by_email integer not null,
    updated_at text not null
  )`,
  `create table passkey (
    id text primary key,
    user_id text not null references user_account(id),
    credential_id text not null unique,
    public_key text not null,
    counter integer not null,
    transports_json text not null,
    backed_up integer not null,
    name text not null,
    created_at text not null,
    last_used_at text
  )`,
  'create index passkey_user on passkey (user_id)',
  // A challenge or a redirect under way, for one browser and one use.
  `create table sign_in_attempt (
    digest text primary key,
    purpose text not null,
    user_id text,
    session_id text,
    next_path text,
    expires_at text not null
  )`,
  'create index sign_in_attempt_expires on sign_in_attempt (expires_at)',
  `create table oidc_link (
    issuer text not null,
    subject text not null,
    user_id text not null references user_account(id),
    created_at text not null,
    last_used_at text not null,
    primary key (issuer, subject)
  )`,
  'create unique index oidc_link_user on oidc_link (issuer, user_id)',
];

/** Sessions with an id, passwords, passkeys, attempts, links to an outside provider. */
export async function signIn(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
