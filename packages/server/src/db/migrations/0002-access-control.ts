import { type Kysely, sql } from 'kysely';

const statements = [
  // Whose a token is: a person, or a service account of one organization.
  'alter table token add column organization_id text references organization(id)',
  'alter table token add column family_id text',
  'alter table token add column parent_id text references token(id)',
  'alter table token add column predecessor_id text references token(id)',
  // Null for a successor that was not used yet.
  'alter table token add column activated_at text',
  // Earlier than expires_at: the deadline of a rotation, its own or that of an ancestor.
  'alter table token add column ends_at text',
  'alter table token add column suspicious_at text',
  'alter table token add column revoked_cause text',
  'alter table token add column created_by text',
  'alter table token add column last_used_ci_run text',
  'update token set family_id = id, activated_at = created_at, created_by = user_id',
  "update token set revoked_cause = 'owner' where revoked_at is not null",
  'create index token_service_account on token (service_account_id)',
  'create index token_family on token (family_id)',
  'create index token_parent on token (parent_id)',
  // Two rotations at once leave one successor.
  'create unique index token_predecessor on token (predecessor_id) where predecessor_id is not null',
  `create table service_account (
    id text primary key,
    organization_id text not null references organization(id),
    name text not null,
    description text not null,
    role text not null,
    created_at text not null,
    created_by text,
    disabled_at text,
    deleted_at text
  )`,
  'create unique index service_account_name on service_account (organization_id, name) where deleted_at is null',
  `create table organization_policy (
    organization_id text primary key references organization(id),
    policy_json text not null,
    updated_at text not null,
    updated_by text
  )`,
  // Approval of a token by an organization, and its refusal.
  `create table token_decision (
    token_id text not null references token(id),
    organization_id text not null references organization(id),
    state text not null,
    decided_by text,
    decided_at text not null,
    primary key (token_id, organization_id)
  )`,
  `create table invitation (
    id text primary key,
    organization_id text not null references organization(id),
    email text not null,
    role text not null,
    digest text not null unique,
    invited_by text not null,
    created_at text not null,
    expires_at text not null,
    accepted_at text,
    revoked_at text
  )`,
  'create index invitation_organization on invitation (organization_id, created_at)',
  // Its name is free again, its records stay.
  'alter table organization add column deleted_at text',
  'create index token_decision_organization on token_decision (organization_id)',
];

/** Families of tokens, service accounts, policies, invitations. */
export async function accessControl(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  await nameOrganizationsById(db);
}

/** Grants named organizations by name or id; a name can pass to another organization one day. */
async function nameOrganizationsById(db: Kysely<unknown>): Promise<void> {
  const organizations = await sql<{ id: string; name: string }>`select id, name from organization`.execute(db);
  const ids = new Map(organizations.rows.map(({ id, name }) => [name, id]));
  const tokens = await sql<{ id: string; grant_json: string }>`select id, grant_json from token`.execute(db);
  for (const { id, grant_json } of tokens.rows) {
    const grant = JSON.parse(grant_json) as { organizations?: string[] };
    if (!grant.organizations) continue;
    const json = JSON.stringify({ ...grant, organizations: grant.organizations.map((name) => ids.get(name) ?? name) });
    await sql`update token set grant_json = ${json} where id = ${id}`.execute(db);
  }
}
