import type { EnrollmentToken, Region, RegisterRegionBody } from '@pipecat-cloud/contract/regions';
import { regionWorker, requireAsWide } from '../access/lasting-credential.js';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { badRequest, conflict, notFound } from '../errors.js';
import type { Caller } from '../organizations/caller.js';
import type { Clock, Ids } from '../system.js';
import type { Enrolment } from '../workers/enrolment.js';
import type { RegionUse, StoredRegion } from './region-repository.js';
import type { OwnRegion } from './regions.js';
import { checkEndpoint } from './ws-endpoint.js';

interface RegionServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  own: OwnRegion;
  enrolment: Pick<Enrolment, 'offerForRegion'>;
  isConnected: (workerId: string) => boolean;
}
const maxRegions = 50;

/** Regions that an organization registers, and runs on machines of its own. */
export function createRegionService({ store, clock, ids, audit, own, enrolment, isConnected }: RegionServiceDeps) {
  async function existing(organizationId: string, code: string): Promise<StoredRegion> {
    if (code === own.code) {
      throw badRequest(
        `Region '${own.code}' is that of the installation itself; whoever runs it changes it in the configuration`,
      );
    }
    const region = await store.regions.find(organizationId, code);
    if (!region) throw notFound('Region', code);
    return region;
  }

  async function present(region: StoredRegion): Promise<Region> {
    const workers = await store.workers.listOfRegion(region.id);
    return {
      region_key: region.code,
      display_name: region.displayName,
      enrollment_status: workers.length > 0 ? 'enrolled' : 'pending',
      intermediate_expires_at: null,
      ws_public_endpoint: region.wsPublicEndpoint,
      supported_architectures: region.architectures,
      default_architecture: region.defaultArchitecture,
      workloads_namespace: region.workloadsNamespace,
      workers: workers.map(({ id, name, architecture, createdAt }) => ({
        id,
        name,
        architecture,
        enrolled_at: createdAt,
        connected: isConnected(id),
      })),
    };
  }

  return {
    /** Registers it, or changes what the body names and keeps the rest. */
    async register(organization: OrganizationAccess, actor: Actor, body: RegisterRegionBody): Promise<Region> {
      const code = body.regionKey;
      if (code === own.code) {
        throw badRequest(`'${code}' is the region of the installation itself; choose another key`);
      }
      const region = await store.transaction(async (repos) => {
        if (!(await repos.organizations.lock(organization.id))) throw notFound('Organization', organization.name);
        const before = await repos.regions.lock(organization.id, code);
        if (!before && (await repos.regions.list(organization.id)).length >= maxRegions) {
          throw conflict(`${organization.name} has ${maxRegions} regions, which is the most; delete one first`);
        }
        const merged = merge(before ?? { ...nothing, id: ids.id(), organizationId: organization.id, code }, body);
        if (before) await repos.regions.update(merged, clock.now());
        else await repos.regions.insert(merged, clock.now());
        const { regionKey: _, ...detail } = body;
        await audit.record(repos, actor, {
          action: before ? 'region.changed' : 'region.registered',
          organizationId: organization.id,
          target: code,
          detail,
        });
        return merged;
      });
      return await present(region);
    },

    async get(organizationId: string, code: string): Promise<Region> {
      return await present(await existing(organizationId, code));
    },

    /** Its workers are turned away from here on; what runs on their machines is for their owner to stop. */
    async remove(organization: OrganizationAccess, actor: Actor, code: string): Promise<void> {
      await existing(organization.id, code);
      await store.changeAccess(async (repos) => {
        const region = await repos.regions.lock(organization.id, code);
        if (!region) throw notFound('Region', code);
        const inUse = sentence(await repos.regions.useOf(organization.id, code));
        if (inUse) throw conflict(`Region '${code}' is in use by ${inUse}; remove these first, then the region`);
        const workers = await repos.workers.revokeOfRegion(region.id, clock.now());
        await repos.workers.removeEnrolmentsOfRegion(region.id);
        await repos.regions.remove(organization.id, region.id);
        await audit.record(repos, actor, {
          action: 'region.deleted',
          organizationId: organization.id,
          target: code,
          detail: { workers },
        });
      });
    },

    /** One worker enrols with it, once, within the hour. It is shown to nobody again. */
    async createEnrollmentToken({ organization, principal, actor }: Caller, code: string): Promise<EnrollmentToken> {
      requireAsWide(organization, principal, regionWorker);
      const region = await existing(organization.id, code);
      const { value, expiresAt } = await enrolment.offerForRegion(actor, region);
      return { token: value, region_key: code, expires_at: expiresAt.toISOString() };
    },
  };
}
export type RegionService = ReturnType<typeof createRegionService>;

const nothing = {
  displayName: null,
  workloadsNamespace: null,
  architectures: null,
  defaultArchitecture: null,
  wsPublicEndpoint: null,
};

/** Throws 400 where the parts, old and new, do not go together. */
function merge(before: StoredRegion, body: RegisterRegionBody): StoredRegion {
  const region: StoredRegion = {
    ...before,
    displayName: body.displayName?.trim() || before.displayName,
    workloadsNamespace: body.workloadsNamespace ?? before.workloadsNamespace,
    architectures: body.supportedArchitectures ? [...new Set(body.supportedArchitectures)] : before.architectures,
    defaultArchitecture: body.defaultArchitecture ?? before.defaultArchitecture,
    wsPublicEndpoint: body.wsPublicEndpoint ? checkEndpoint(body.wsPublicEndpoint) : before.wsPublicEndpoint,
  };
  const { architectures, defaultArchitecture } = region;
  if (architectures && defaultArchitecture && !architectures.includes(defaultArchitecture)) {
    throw badRequest(
      `The default architecture ${defaultArchitecture} is none of those that the region supports: ${architectures.join(', ')}`,
    );
  }
  return region;
}

/** What uses it, in words; empty for nothing. */
function sentence({ agents, sessions, builds, secretSets }: RegionUse): string {
  const some = (names: string[]) => {
    const shown = names.slice(0, 5).map((name) => `'${name}'`);
    return `${shown.join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  };
  return [
    agents.length > 0 ? `${counted(agents.length, 'agent')} (${some(agents)})` : '',
    sessions > 0 ? counted(sessions, 'running session') : '',
    builds > 0 ? counted(builds, 'open build') : '',
    secretSets.length > 0 ? `${counted(secretSets.length, 'secret set')} (${some(secretSets)})` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
