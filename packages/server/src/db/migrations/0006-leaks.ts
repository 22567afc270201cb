import { type Kysely, sql } from 'kysely';

const statements = [
  // One row for each credential and place in an organization; what is seen again counts up.
  `create table leak_finding (
    id text primary key,
    organization_id text not null references organization(id),
    credential_kind text not null,
    credential_id text not null,
    masked text not null,
    belongs integer not null,
    place_kind text not null,
    place_name text not null,
    reference text,
    first_seen_at text not null,
    last_seen_at text not null,
    count integer not null,
    revoked integer not null
  )`,
  'create unique index leak_finding_place on leak_finding (organization_id, credential_id, place_kind, place_name)',
  'create index leak_finding_seen on leak_finding (organization_id, last_seen_at)',
];

/** Live credentials found in build contexts, logs and secret sets. */
export async function leaks(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
