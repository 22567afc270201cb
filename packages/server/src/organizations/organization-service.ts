import type {
  CreateOrganizationBody,
  OrganizationEnvelope,
  UpdateOrganizationBody,
} from '@pipecat-cloud/contract/organizations';
import type { Actor, Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest, conflict } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { belongsTo } from '../tokens/organization-tokens.js';
import { isLive } from '../tokens/present-token.js';
import { type Caller, lockOrganization, makerOf } from './caller.js';
import type { Organization } from './organization-repository.js';
import { missing } from './role-rules.js';

interface OrganizationServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  /** The default region of a new organization. */
  region: string;
}
type Presented = OrganizationEnvelope['organization'];

export function createOrganizationService({ store, clock, ids, audit, region }: OrganizationServiceDeps) {
  return {
    /** The person becomes its owner; it becomes their default where they have none. */
    async create(principal: Principal, actor: Actor, body: CreateOrganizationBody): Promise<Presented> {
      const organization: Organization = {
        id: ids.id(),
        name: body.name,
        verboseName: nonBlank(body.verboseName ?? body.name),
        defaultRegion: region,
      };
      const userId = makerOf(principal);
      return await store.changeAccess(async (repos) => {
        const now = clock.now();
        if (!(await repos.organizations.insertIfFree(organization, now))) {
          throw badRequest(`The name '${body.name}' is taken by another organization here; choose a different one`);
        }
        await repos.members.add(organization.id, userId, 'owner', now);
        await repos.accounts.setDefaultIfNone(userId, organization.id);
        await audit.record(repos, actor, {
          action: 'organization.created',
          organizationId: organization.id,
          target: organization.id,
          detail: { name: organization.name, verboseName: organization.verboseName },
        });
        return present(organization, 'owner');
      });
    },

    async update(caller: Caller, body: UpdateOrganizationBody): Promise<Presented> {
      const verboseName = nonBlank(body.verboseName);
      const { id } = caller.organization;
      // What people reach is kept with the names: a list right after this must have the new one.
      return await store.changeAccess(async (repos) => {
        const { role } = await lockOrganization(repos, caller, 'org:write');
        const before = (await repos.organizations.find(id)) as Organization;
        await repos.organizations.setVerboseName(id, verboseName);
        await audit.record(repos, caller.actor, {
          action: 'organization.renamed',
          organizationId: id,
          target: id,
          detail: { from: before.verboseName, to: verboseName },
        });
        return present({ ...before, verboseName }, role);
      });
    },

    /**
     * By an owner, while no agent is left. Its name is free again; memberships, service accounts, keys and open invitations end, and
     * so do tokens that reach nothing else. Records stay.
     */
    async remove(caller: Caller): Promise<void> {
      const { organization, actor } = caller;
      await store.changeAccess(async (repos) => {
        const { role } = await lockOrganization(repos, caller);
        if (role !== 'owner') {
          throw missing(
            `Only an owner may delete ${organization.name}, and your role is ${role}. Ask an owner to do it`,
          );
        }
        const agents = await repos.agents.list(organization.id);
        if (agents.length > 0) {
          const names = agents.slice(0, 5).map(({ name }) => name);
          throw conflict(
            `${organization.name} still has ${agents.length} agent${agents.length === 1 ? '' : 's'} (${names.join(', ')}${agents.length > 5 ? ', …' : ''}). Delete ${agents.length === 1 ? 'it' : 'them'} first, then the organization`,
          );
        }
        const ended = await endAll(repos, organization, makerOf(caller.principal), clock.now());
        await audit.record(repos, actor, {
          action: 'organization.deleted',
          organizationId: organization.id,
          target: organization.id,
          detail: { name: organization.name, ...ended },
        });
      });
    },
  };
}
export type OrganizationService = ReturnType<typeof createOrganizationService>;

/** Ends whatever reaches the organization. Returns ids, for the record. */
async function endAll(repos: Repositories, organization: { id: string; name: string }, by: string, now: Date) {
  const { id, name } = organization;
  const reaching = (await repos.tokens.listReaching(id)).filter((token) => isLive(token, now));
  const ofServiceAccounts = reaching.filter(({ owner }) => owner.kind === 'serviceAccount').map((token) => token.id);
  const personal = reaching.filter(({ owner }) => owner.kind === 'user');
  const bound = personal.filter((token) => belongsTo(token, id)).map((token) => token.id);
  const reason = `ended with the organization ${name}, which was deleted`;
  await repos.tokens.revoke(ofServiceAccounts, { by, cause: 'service_account', reason }, now);
  await repos.tokens.revoke(bound, { by, cause: 'admin', reason }, now);
  const serviceAccounts = await repos.serviceAccounts.list(id);
  for (const account of serviceAccounts) await repos.serviceAccounts.markDeleted(id, account.id, now);
  const keys = (await repos.apiKeys.list(id)).filter(({ revokedAt }) => revokedAt === null);
  for (const key of keys) await repos.apiKeys.revoke(id, key.id, now);
  const invitations = await repos.invitations.revokeAll(id, now);
  const members = await repos.members.list(id);
  for (const member of members) await repos.members.remove(id, member.userId);
  await repos.organizations.markDeleted(organization, now);
  return {
    members: members.map(({ userId }) => userId),
    serviceAccounts: serviceAccounts.map((account) => account.id),
    tokens: [...ofServiceAccounts, ...bound],
    apiKeys: keys.map((key) => key.id),
    invitations,
  };
}

function nonBlank(text: string): string {
  const name = text.trim();
  if (name === '') throw badRequest('An organization needs a name that people can read');
  return name;
}

function present({ id, name, verboseName }: Organization, role: string): Presented {
  return { id, name, verboseName, role };
}
