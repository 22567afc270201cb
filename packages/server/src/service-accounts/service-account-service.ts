import type {
  CreateServiceAccountBody,
  ServiceAccount,
  UpdateServiceAccountBody,
} from '@pipecat-cloud/contract/service-accounts';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest, conflict, notFound } from '../errors.js';
import type { Notify } from '../notifications/notify.js';
import { type Caller, lockOrganization, makerOf } from '../organizations/caller.js';
import { requireReach, rolesAbove } from '../organizations/role-rules.js';
import type { Clock, Ids } from '../system.js';
import { isUuid } from '../uuid.js';
import type { StoredServiceAccount } from './service-account-repository.js';

interface ServiceAccountServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  notify: Notify;
}

/** Who acts for an organization without being a person. Named by id or name; changes hold the organization's lock. */
export function createServiceAccountService({ store, clock, ids, audit, notify }: ServiceAccountServiceDeps) {
  async function find(repos: Repositories, organizationId: string, idOrName: string): Promise<StoredServiceAccount> {
    const account = await repos.serviceAccounts.findByIdOrName(organizationId, idOrName);
    if (!account) throw notFound('Service account', idOrName);
    return account;
  }

  async function presentOne(repos: Repositories, account: StoredServiceAccount): Promise<ServiceAccount> {
    const live = await repos.serviceAccounts.countLiveTokens(account.organizationId, clock.now());
    return present(account, live);
  }

  /** One record in the audit log and one word to owners and admins, in the transaction of the change. */
  async function tell(
    repos: Repositories,
    { organization, actor }: Caller,
    account: StoredServiceAccount,
    verb: 'created' | 'updated' | 'deleted',
    detail: Record<string, unknown>,
  ): Promise<void> {
    await audit.record(repos, actor, {
      action: `service_account.${verb}`,
      organizationId: organization.id,
      target: account.id,
      detail: { name: account.name, ...detail },
    });
    const what = Object.entries(detail).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    await notify(repos, {
      kind: 'service_account.changed',
      organizationId: organization.id,
      subject: `Service account ${account.name} of ${organization.name} was ${verb}`,
      text: `The service account ${account.name} of ${organization.name} was ${verb}. ${what.join('\n')}`,
      data: { serviceAccountId: account.id, name: account.name, change: verb, ...detail },
    });
  }

  return {
    /** By name. */
    async list(organizationId: string): Promise<ServiceAccount[]> {
      const live = await store.serviceAccounts.countLiveTokens(organizationId, clock.now());
      return (await store.serviceAccounts.list(organizationId)).map((account) => present(account, live));
    },

    async get(organizationId: string, idOrName: string): Promise<ServiceAccount> {
      return await presentOne(store, await find(store, organizationId, idOrName));
    },

    async create(caller: Caller, body: CreateServiceAccountBody): Promise<ServiceAccount> {
      if (isUuid(body.name)) throw badRequest('A name in the form of an id would be mistaken for one; choose another');
      const account: StoredServiceAccount = {
        id: ids.id(),
        organizationId: caller.organization.id,
        name: body.name,
        description: body.description ?? '',
        role: body.role,
        createdAt: clock.now().toISOString(),
        createdBy: makerOf(caller.principal),
        disabledAt: null,
      };
      return await store.changeAccess(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        requireReach(rights, account.role, `Making a service account with the role ${account.role}`);
        if (!(await repos.serviceAccounts.insert(account))) {
          throw conflict(
            `${caller.organization.name} has a service account '${body.name}' already; choose another name`,
          );
        }
        await tell(repos, caller, account, 'created', { role: account.role });
        return present(account, new Map());
      });
    },

    /** Once it has returned, this process decides by the new role, and refuses the tokens of one that was disabled. */
    async update(caller: Caller, idOrName: string, body: UpdateServiceAccountBody): Promise<ServiceAccount> {
      return await store.changeAccess(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        const account = await find(repos, caller.organization.id, idOrName);
        requireReach(rights, account.role, `Changing the service account ${account.name}`);
        if (body.role) requireReach(rights, body.role, `Giving a service account the role ${body.role}`);
        const change = changeOf(account, body, clock.now());
        if (Object.keys(change).length > 0) {
          await repos.serviceAccounts.update(account.organizationId, account.id, change);
          // What it could not send any more.
          const above = change.disabledAt ? rolesAbove(undefined) : rolesAbove(change.role ?? account.role);
          await repos.invitations.revokeBy(account.organizationId, account.id, above, clock.now());
          await tell(repos, caller, account, 'updated', detailOf(account, change));
        }
        return await presentOne(repos, { ...account, ...change });
      });
    },

    /** Its tokens end at once. Its name is free again. */
    async remove(caller: Caller, idOrName: string): Promise<void> {
      await store.changeAccess(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        const account = await find(repos, caller.organization.id, idOrName);
        requireReach(rights, account.role, `Deleting the service account ${account.name}`);
        const { id, organizationId, name } = account;
        const now = clock.now();
        await repos.serviceAccounts.markDeleted(organizationId, id, now);
        const tokens = (await repos.tokens.listOfServiceAccount(organizationId, id)).map((token) => token.id);
        const reason = `ended with its service account ${name}, which was deleted`;
        const by = makerOf(caller.principal);
        const revoked = await repos.tokens.revoke(tokens, { by, cause: 'service_account', reason }, now);
        await repos.invitations.revokeBy(organizationId, id, rolesAbove(undefined), now);
        await tell(repos, caller, account, 'deleted', { role: account.role, tokens: revoked });
      });
    },
  };
}
export type ServiceAccountService = ReturnType<typeof createServiceAccountService>;

type Change = Partial<Pick<StoredServiceAccount, 'role' | 'description' | 'disabledAt'>>;

/** Only what differs: a service account that is disabled twice keeps the time of the first. */
function changeOf(account: StoredServiceAccount, body: UpdateServiceAccountBody, now: Date): Change {
  const change: Change = {};
  if (body.role !== undefined && body.role !== account.role) change.role = body.role;
  if (body.description !== undefined && body.description !== account.description) change.description = body.description;
  if (body.disabled === true && account.disabledAt === null) change.disabledAt = now.toISOString();
  if (body.disabled === false && account.disabledAt !== null) change.disabledAt = null;
  return change;
}

function detailOf(before: StoredServiceAccount, change: Change): Record<string, unknown> {
  const names = Object.keys(change) as (keyof Change)[];
  return Object.fromEntries(names.map((name) => [name, { from: before[name], to: change[name] }]));
}

function present(account: StoredServiceAccount, live: ReadonlyMap<string, number>): ServiceAccount {
  const { id, name, description, role, createdAt, disabledAt } = account;
  return { id, name, description, role, createdAt, disabledAt, liveTokens: live.get(id) ?? 0, trusts: [] };
}
