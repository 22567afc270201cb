import type { ReferencedSecretSet, ReferenceSecretBody } from '@pipecat-cloud/contract/secrets';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { badRequest, conflict } from '../errors.js';
import type { Regions } from '../regions/regions.js';
import type { Clock, Ids } from '../system.js';
import { CommandRefused, WorkerUnreachable } from '../workers/command-errors.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { checkSetName } from './secret-change.js';

interface SecretReferenceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  regions: Regions;
  workers: Pick<WorkerChannel, 'pick' | 'command'>;
}

/**
 * Secret sets whose values never come here: they lie on the machines of a region, and this server keeps the name. Only in regions
 * of the organization, whose machines serve nobody else: elsewhere anybody could name what is another's.
 */
export function createSecretReferences({ store, clock, ids, audit, regions, workers }: SecretReferenceDeps) {
  /** What a worker of the region says is wrong with the set; `away` where there is nobody to ask. */
  async function ask(
    organizationId: string,
    { name, region }: ReferenceSecretBody,
  ): Promise<string | 'away' | undefined> {
    const workerId = workers.pick({ scope: { organizationId, region } });
    if (!workerId) return 'away';
    try {
      await workers.command(workerId, { do: 'check-secret-set', name });
      return undefined;
    } catch (error) {
      if (error instanceof CommandRefused) return error.message;
      if (error instanceof WorkerUnreachable) return 'away';
      throw error;
    }
  }

  return {
    /** May be repeated. */
    async add(organization: OrganizationAccess, actor: Actor, body: ReferenceSecretBody): Promise<ReferencedSecretSet> {
      const { name, region } = body;
      checkSetName(name);
      await regions.check(organization.id, region);
      if (!(await regions.scopeOf(organization.id, region))) {
        throw badRequest(
          `Region '${region}' is shared by all organizations of this installation, so its machines keep no secrets for one of them. Put the values into a set here, or register a region of your own`,
        );
      }
      const problem = await ask(organization.id, body);
      if (problem === 'away') {
        throw conflict(
          `No worker of region '${region}' is connected, so nobody can say whether it has a set '${name}'. Start one, then try again`,
        );
      }
      if (problem !== undefined) throw conflict(`Region '${region}' cannot use the set: ${problem}`);
      await store.transaction(async (repos) => {
        await regions.hold(repos, organization.id, region);
        const fresh = { id: ids.id(), name, type: 'secret', region, host: null, source: 'referenced' } as const;
        if (await repos.secrets.insertSet(organization.id, fresh, clock.now())) {
          await audit.record(repos, actor, {
            action: 'secret.set_referenced',
            organizationId: organization.id,
            target: name,
            detail: { region },
          });
          return;
        }
        const set = await repos.secrets.findSet(organization.id, name);
        if (set?.source === 'referenced' && set.region === region) return;
        throw conflict(`There is a secret set '${name}' already, with other contents; choose another name`);
      });
      return { name, region, type: 'secret', status: 'ready', source: 'referenced' };
    },

    /** Before a deploy binds the set: 409 where a worker says that it is there no more. Without a worker the deploy waits for one anyway. */
    async checkStillThere(organizationId: string, set: { name: string; region: string }): Promise<void> {
      const problem = await ask(organizationId, set);
      if (problem === undefined || problem === 'away') return;
      throw conflict(`Secret set '${set.name}' is not ready: region '${set.region}' cannot use it: ${problem}`);
    },
  };
}
export type SecretReferences = ReturnType<typeof createSecretReferences>;
