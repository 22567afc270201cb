import { type Kysely, sql } from 'kysely';

const statements = [
  // Regions of organizations; that of the installation stands in its configuration.
  `create table region (
    id text primary key,
    organization_id text not null references organization(id),
    code text not null,
    display_name text,
    workloads_namespace text,
    architectures_json text,
    default_architecture text,
    ws_public_endpoint text,
    created_at text not null,
    updated_at text not null,
    unique (organization_id, code)
  )`,
  // No foreign keys: a worker outlives its region, revoked.
  'alter table worker add column region_id text',
  'alter table worker add column architecture text',
  'create index worker_region on worker (region_id)',
  'alter table one_time_code add column region_id text',
  `create table agent_profile (
    organization_id text not null references organization(id),
    name text not null,
    display_name text not null,
    cpu text not null,
    memory text not null,
    disabled_at text,
    created_at text not null,
    updated_at text not null,
    primary key (organization_id, name)
  )`,
  // Of a deployment from before these columns: what its profile says.
  'alter table deployment add column cpu text',
  'alter table deployment add column memory text',
  'alter table deployment add column architecture text',
  `create table spend_limit (
    organization_id text primary key references organization(id),
    limit_cents bigint not null,
    blocked_at text,
    updated_at text not null
  )`,
  // What ended sessions have cost, a row a month.
  `create table spend (
    organization_id text not null references organization(id),
    period text not null,
    microcents bigint not null,
    primary key (organization_id, period)
  )`,
  "alter table secret_set add column source text not null default 'managed'",
];

/** Regions of organizations, their agent profiles, spend limits, and secret sets that are only referred to. */
export async function regionsProfilesSpend(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
