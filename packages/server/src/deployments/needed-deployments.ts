import { sql } from 'kysely';
import type { RepositoryContext } from '../db/store.js';

/** Deployments of an agent that it can go back to at once: what they run from stays. */
const keptDeployments = 10;

/** What may be run again: the newest deployments of each agent that exists, the wanted and the live one, and every one that may have instances. */
export function neededDeployments(db: RepositoryContext['db']) {
  return db
    .selectFrom(
      db
        .selectFrom('deployment')
        .innerJoin('agent', 'agent.id', 'deployment.agent_id')
        .where('agent.deleted_at', 'is', null)
        .select([
          'deployment.id',
          'deployment.organization_id',
          'deployment.build_id',
          'deployment.image_digest',
          'agent.desired_deployment_id',
          'agent.live_deployment_id',
          sql<number>`row_number() over (partition by deployment.agent_id order by deployment.created_at desc, deployment.id desc)`.as(
            'age',
          ),
        ])
        .as('known'),
    )
    .where((eb) =>
      eb.or([
        eb('known.age', '<=', keptDeployments),
        eb('known.id', '=', eb.ref('known.desired_deployment_id')),
        eb('known.id', '=', eb.ref('known.live_deployment_id')),
        eb('known.id', 'in', db.selectFrom('slot').select('deployment_id').where('deployment_id', 'is not', null)),
      ]),
    );
}
