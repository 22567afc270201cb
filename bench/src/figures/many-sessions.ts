import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { sql } from 'kysely';

export type Target = { dialect: 'sqlite'; file: string } | { dialect: 'postgres'; url: string };
/** How much an installation has behind it. */
export interface Past {
  agents: number;
  slotsEach: number;
  /** Sessions that have ended: nine of ten of the first agent, the rest spread over all. */
  sessions: number;
}

const at = '2026-05-04T10:00:00.000Z';

/**
 * Writes the agents and the ended sessions of a long life straight into a migrated database, as the product keeps them. The first
 * agent is called `busy`. No token has an end afterwards.
 */
export async function storeManySessions(target: Target, organization: string, past: Past): Promise<void> {
  const opened = await openDatabase(target);
  const owner = await createStore(opened).organizations.findByName(organization);
  if (!owner) throw new Error(`There is no organization '${organization}'`);
  const postgres = opened.dialect === 'postgres';
  // Ids as ours look, from a number; both spread as random ones do, and neither follows the order of the rows.
  const id = (kind: string, number: string) =>
    postgres
      ? `substr(md5('${kind}' || ${number}), 1, 8) || '-0000-4000-8000-' || lpad(to_hex(${number}), 12, '0')`
      : `printf('%08x-0000-4000-8000-%012x', ((${number}) * 2654435761) & 4294967295, ${number} + ${kindNumber(kind)})`;
  const numbers = (count: number) =>
    postgres
      ? `with n(i) as (select generate_series(0, ${count - 1}))`
      : `with recursive n(i) as (select 0 union all select i + 1 from n where i < ${count - 1})`;
  const time = (seconds: string) =>
    postgres
      ? `to_char(timestamp '2026-01-01' + (${seconds}) * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')`
      : `strftime('%Y-%m-%dT%H:%M:%S', '2026-01-01', (${seconds}) || ' seconds') || '.000Z'`;
  const agentOf = `case when i % 10 = 0 then (i / 10) % ${past.agents} else 0 end`;

  const statements = [
    `${insert('agent')} ${numbers(past.agents)}
      select ${id('agent', 'i')}, '${owner.id}', case when i = 0 then 'busy' else 'agent-' || i end, '${owner.defaultRegion}',
        0, ${past.slotsEach - 1}, 'token', ${id('deployment', 'i')}, ${id('deployment', 'i')}, ${id('deployment', 'i')},
        '${at}', '${at}' from n`,
    `${insert('deployment')} ${numbers(past.agents)}
      select ${id('deployment', 'i')}, '${owner.id}', ${id('agent', 'i')}, 'example/bot:1', 'agent-1x', 'Active', '${at}',
        '${at}', '${at}' from n`,
    `${insert('slot')} ${numbers(past.agents * past.slotsEach)}
      select ${id('slot', 'i')}, '${owner.id}', ${id('agent', `i / ${past.slotsEach}`)},
        case when i % ${past.slotsEach} = 0 then 1 else 0 end, 'empty', 0, '${at}' from n`,
    ...(past.sessions > 0
      ? [
          `${insert('session')} ${numbers(past.sessions)}
            select ${id('session', 'i')}, '${owner.id}', ${id('agent', agentOf)}, ${id('deployment', agentOf)}, i % 50,
              'ended', 'bot', i % 2, ${time('i * 10')}, ${time('i * 10 + 1')}, 1000, ${time('i * 10 + 300')},
              case when i % 20 = 1 then 'stopped' else 'completed' end,
              case when i % 20 = 1 then 'terminated' else 'completed' end, 'HTTP_COMPLETED', ${time('i * 10 + 300')} from n`,
          `insert into session_tally (organization_id, agent_id, deployment_id, end_reason, cold_start, count)
            select organization_id, agent_id, deployment_id, end_reason, cold_start, count(*) from session
            group by organization_id, agent_id, deployment_id, end_reason, cold_start`,
        ]
      : []),
  ];
  // A private key, which has no end, is made only by a token that has none.
  statements.push('update token set expires_at = null');
  for (const statement of statements) await sql.raw(statement).execute(opened.db);
  // A server does so by itself over the years that this took seconds for.
  if (postgres) await sql.raw('vacuum analyze').execute(opened.db);
  await opened.db.destroy();
}

const columns = {
  agent:
    'id, organization_id, name, region, min_agents, max_agents, websocket_auth, desired_deployment_id, live_deployment_id, reconciled_deployment_id, created_at, updated_at',
  deployment: 'id, organization_id, agent_id, image, profile, phase, phase_started_at, created_at, updated_at',
  slot: 'id, organization_id, agent_id, spare, state, epoch, changed_at',
  session:
    'id, organization_id, agent_id, deployment_id, epoch, state, entry, cold_start, created_at, activated_at, start_ms, ended_at, end_reason, end_state, completion_status, updated_at',
} as const;

const insert = (table: keyof typeof columns) => `insert into ${table} (${columns[table]})`;
const kindNumber = (kind: string) => ['agent', 'deployment', 'slot', 'session'].indexOf(kind) * 1_000_000_000;
