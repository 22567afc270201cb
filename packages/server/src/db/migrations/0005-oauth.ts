import { type Kysely, sql } from 'kysely';

const statements = [
  // A sign-in of the command line. Kept after its end, so that it stays explained.
  `create table oauth_login (
    id text primary key,
    user_id text not null references user_account(id),
    grant_digest text not null unique,
    client_id text not null,
    via text not null,
    address text,
    user_agent text,
    second_factor integer not null,
    created_at text not null,
    expires_at text not null,
    last_issued_at text,
    ended_at text,
    ended_cause text
  )`,
  'create index oauth_login_user on oauth_login (user_id, created_at)',
  // What the protocol keeps: codes, tokens, grants, interactions. Ids are digests, payloads are sealed.
  `create table oauth_record (
    model text not null,
    digest text not null,
    grant_digest text,
    user_code_digest text unique,
    payload text not null,
    expires_at text not null,
    consumed_at text,
    polled_at text,
    primary key (model, digest)
  )`,
  'create index oauth_record_grant on oauth_record (grant_digest)',
  'create index oauth_record_expiry on oauth_record (expires_at)',
];

/** Sign-ins of the command line. */
export async function oauth(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
