import { createHash } from 'node:crypto';
import {
  type PutSecretBody,
  type SecretSetList,
  type SecretSet as SecretSetView,
  secretSetMaximumBytes,
} from '@pipecat-cloud/contract/secrets';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest, conflict, notFound, preconditionFailed } from '../errors.js';
import type { LeakWatch } from '../leaks/leak-watch.js';
import type { Regions } from '../regions/regions.js';
import type { Clock, Ids } from '../system.js';
import { type Readiness, readinessOf } from './readiness.js';
import type { SecretBox } from './secret-box.js';
import { checkSetName, isKeyName, isSetName, readChange, type SecretChange } from './secret-change.js';
import type { SecretSet } from './secret-repository.js';

interface SecretServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  box: SecretBox;
  regions: Regions;
  /** Looks for live credentials of this platform in new values. */
  leaks?: Pick<LeakWatch, 'look'>;
}

/** When a put is made at all; 412 otherwise. */
export interface PutCondition {
  ifThere?: boolean;
  ifAbsent?: boolean;
}

/** Of an `InstanceSpec`. */
export interface InstanceSecrets {
  environment: Record<string, string>;
  secretsVersion?: string;
  referencedSecretSet?: string;
}

/** As many as one call may bring; together they must still fit into a process's environment. */
const maxKeys = 200;

/** Values go in and come out only into an agent's environment: no method for callers of the API returns one. */
export function createSecretService({ store, clock, ids, audit, box, regions, leaks }: SecretServiceDeps) {
  async function existing(organizationId: string, name: string, wanted?: string): Promise<SecretSet> {
    const set = isSetName(name) ? await store.secrets.findSet(organizationId, name) : undefined;
    if (!set || (wanted !== undefined && set.region !== wanted)) throw notFound('Secret set', name);
    return set;
  }

  /** The set under a lock, made where there is none. Type and region are for life. */
  async function setFor(
    repos: Repositories,
    organization: OrganizationAccess,
    name: string,
    change: SecretChange,
    wanted: { region: string; named: boolean } & PutCondition,
  ) {
    const now = clock.now();
    const { region } = wanted;
    const fresh = { id: ids.id(), name, type: change.type, region, host: change.host ?? null };
    await regions.hold(repos, organization.id, region);
    const created = await repos.secrets.insertSet(organization.id, fresh, now);
    // With the transaction a set goes that was made but now.
    if (created && wanted.ifThere) throw notThere(name);
    if (!created && wanted.ifAbsent) throw thereAlready(name);
    const set = await repos.secrets.lockSet(organization.id, name);
    if (!set) throw conflict(`Secret set '${name}' was deleted in the meantime; try again`);
    if (set.source === 'referenced') throw keptElsewhere(set);
    if (set.type !== change.type) {
      throw badRequest(`Secret set '${name}' is of type ${set.type} and stays so; choose another name`);
    }
    if (wanted.named && set.region !== region) {
      throw badRequest(`Secret set '${name}' is in region '${set.region}' and stays there; choose another name`);
    }
    if (!created) await repos.secrets.touchSet(organization.id, set.id, now, change.host);
    return { set, created };
  }

  async function refuseTooMuch(repos: Repositories, organizationId: string, set: SecretSet): Promise<void> {
    const values = await repos.secrets.values(organizationId, set.id);
    if (values.length > maxKeys) throw badRequest(`Secret set '${set.name}' would have more than ${maxKeys} keys`);
    // Sealed text is a third longer than the value, so this is a generous reading of the limit.
    const bytes = values.reduce((sum, value) => sum + value.sealed.length * 0.75, 0);
    if (bytes > secretSetMaximumBytes)
      throw badRequest(
        `The values of secret set '${set.name}' would take more than ${secretSetMaximumBytes / 1024} KiB together`,
      );
  }

  /** Of what is stored, in which the same value is never sealed alike twice. */
  async function versionOf(organizationId: string, set: SecretSet | undefined): Promise<{ secretsVersion?: string }> {
    const sealed = set ? await store.secrets.values(organizationId, set.id) : [];
    if (sealed.length === 0) return {};
    return { secretsVersion: createHash('sha256').update(JSON.stringify(sealed)).digest('hex') };
  }

  return {
    /** `usedBy` names only agents that the caller may see, and is left out where that is none of their business. */
    async list(
      { id, permissions, agents }: Pick<OrganizationAccess, 'id' | 'permissions' | 'agents'>,
      wanted?: string,
    ): Promise<SecretSetList> {
      const sets = await store.secrets.listSets(id, wanted);
      const users = permissions.has('agents:read') ? await store.secrets.users(id) : undefined;
      const readiness = await readinessOf(store, box, id);
      const usersOf = (name: string) => [...(users?.get(name) ?? [])].filter((user) => agents?.has(user) ?? true);
      return {
        sets: sets.map((set) => ({
          ...{ name: set.name, type: set.type, region: set.region, ...stateOf(set, readiness) },
          ...(users ? { usedBy: usersOf(set.name) } : {}),
        })),
      };
    },

    /** Names only. A pull secret is answered with 400 and exactly the code "400": official deploys take that for "it exists" (contract §2.1). */
    async get(organizationId: string, name: string, wanted?: string): Promise<SecretSetView> {
      const set = await existing(organizationId, name, wanted);
      if (set.type === 'imagePullSecret')
        throw badRequest(`Secret set '${name}' is an image pull secret; what is in it is shown to nobody`, '400');
      const names = await store.secrets.fieldNames(organizationId, set.id);
      const readiness = await readinessOf(store, box, organizationId);
      return { secrets: names.map((fieldName) => ({ fieldName })), region: set.region, ...stateOf(set, readiness) };
    },

    /** Adds or replaces the given keys and leaves the others. A set is made where there is none, but for `only`. It is ready at once. */
    async put(
      organization: OrganizationAccess,
      actor: Actor,
      name: string,
      body: PutSecretBody,
      only: PutCondition = {},
    ): Promise<{ region: string }> {
      checkSetName(name);
      if (body.region !== undefined) await regions.check(organization.id, body.region);
      const wanted = {
        region: body.region ?? (await regions.defaultOf(organization)),
        named: body.region !== undefined,
        ...only,
      };
      const change = readChange(name, body);
      const result = await store.transaction(async (repos) => {
        const { set, created } = await setFor(repos, organization, name, change, wanted);
        const sealer = await box.forOrganization(repos, organization.id);
        for (const { fieldName, value } of change.values) {
          const sealed = sealer.seal(['secret', name, fieldName], value);
          await repos.secrets.putValue(set.id, { fieldName, sealed }, clock.now());
        }
        await refuseTooMuch(repos, organization.id, set);
        await audit.record(repos, actor, {
          action: created ? 'secret.set_created' : 'secret.set_changed',
          organizationId: organization.id,
          target: name,
          detail:
            change.type === 'secret'
              ? { keys: change.values.map(({ fieldName }) => fieldName) }
              : { host: change.host },
        });
        return { region: set.region };
      });
      for (const { fieldName, value } of change.values) {
        const place = { kind: 'secret_set', name: `${name}/${fieldName}`, reference: null } as const;
        leaks?.look(value, () => ({ organizationId: organization.id, ...place }));
      }
      return result;
    },

    async removeKey(organizationId: string, actor: Actor, name: string, key: string): Promise<void> {
      await store.transaction(async (repos) => {
        const set = isSetName(name) ? await repos.secrets.lockSet(organizationId, name) : undefined;
        if (!set) throw notFound('Secret set', name);
        if (set.source === 'referenced') throw keptElsewhere(set);
        if (set.type === 'imagePullSecret')
          throw badRequest(`Secret set '${name}' is an image pull secret, which has no keys; delete the whole set`);
        if (!isKeyName(key) || !(await repos.secrets.removeValue(organizationId, set.id, key)))
          throw notFound('Secret', `${name}/${key}`);
        await repos.secrets.touchSet(organizationId, set.id, clock.now());
        await audit.record(repos, actor, {
          action: 'secret.key_deleted',
          organizationId,
          target: name,
          detail: { key },
        });
      });
    },

    /** Refused while an agent needs the set: its next instance would start without, or not at all, and what one that runs prints of it could not be hidden. */
    async removeSet(organizationId: string, actor: Actor, name: string): Promise<void> {
      await store.transaction(async (repos) => {
        const set = isSetName(name) ? await repos.secrets.lockSet(organizationId, name) : undefined;
        if (!set) throw notFound('Secret set', name);
        const agents = await repos.secrets.agentsUsing(organizationId, name);
        if (agents.length > 0) {
          throw conflict(
            `Secret set '${name}' is used by ${agents.map((agent) => `'${agent}'`).join(', ')}; deploy with another set and wait until no instance is left that has this one, or delete the agent first`,
          );
        }
        await repos.secrets.removeSet(organizationId, set.id);
        await audit.record(repos, actor, { action: 'secret.set_deleted', organizationId, target: name });
      });
    },

    async readiness(organizationId: string, set: SecretSet): Promise<Readiness> {
      return stateOf(set, await readinessOf(store, box, organizationId));
    },

    /** What an instance gets of a set: its values, or the name under which its worker finds them. */
    async secretsOf(organizationId: string, name: string): Promise<InstanceSecrets> {
      const set = await store.secrets.findSet(organizationId, name);
      if (set?.source === 'referenced') return { environment: {}, referencedSecretSet: name };
      const secretsVersion = await versionOf(organizationId, set);
      return { environment: await this.secretEnvironment(organizationId, name), ...secretsVersion };
    },

    /** A pull secret, for a worker's pull and nothing else; undefined when it is gone, so that the registry's answer says what is missing. */
    async registryOf(organizationId: string, name: string): Promise<InstanceSpec['registry']> {
      const set = await store.secrets.findSet(organizationId, name);
      if (set?.type !== 'imagePullSecret' || set.host === null) return undefined;
      const [value] = await store.secrets.values(organizationId, set.id);
      if (!value) return undefined;
      const opener = await box.forOrganization(store, organizationId);
      return { host: set.host, credentials: opener.open(['secret', name, value.fieldName], value.sealed) };
    },

    /** The decrypted set, for the environment of an instance and nothing else. Throws when it is absent or holds a pull secret. */
    async secretEnvironment(organizationId: string, name: string): Promise<Record<string, string>> {
      const set = await existing(organizationId, name);
      if (set.type !== 'secret')
        throw badRequest(`Secret set '${name}' is an image pull secret; no environment is made of it`);
      const values = await store.secrets.values(organizationId, set.id);
      if (values.length === 0) return {};
      const opener = await box.forOrganization(store, organizationId);
      return Object.fromEntries(
        values.map(({ fieldName, sealed }) => [fieldName, opener.open(['secret', name, fieldName], sealed)]),
      );
    },
  };
}
export type SecretService = ReturnType<typeof createSecretService>;

/** Of what lies elsewhere it is known that it was there when it was referred to, and no key of this server is needed for it. */
function stateOf({ source }: SecretSet, kept: Readiness): Readiness & { source?: 'referenced' } {
  return source === 'referenced' ? { status: 'ready', source } : kept;
}

const notThere = (name: string) =>
  preconditionFailed(`There is no secret set '${name}', and nothing was kept: it was deleted, or never made`);
const thereAlready = (name: string) =>
  preconditionFailed(
    `There is a secret set '${name}' already, and nothing was changed: set a key of that one, or choose another name`,
  );

/** Nothing of its contents is known here, so nothing of it can be changed here. */
const keptElsewhere = ({ name, region }: SecretSet) =>
  badRequest(
    `Secret set '${name}' is referenced: its values lie on the machines of region '${region}' and are changed there`,
  );
