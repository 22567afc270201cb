import type { HealthWarning, InstallationHealth, WorkerHealth } from '@pipecat-cloud/contract/installation';
import type { Authorizer } from '../access/authorize.js';
import type { Principal } from '../access/principal.js';
import type { Config } from '../config/config.js';
import type { Store } from '../db/store.js';
import { AppError, forbidden } from '../errors.js';
import type { LogKeeping } from '../logs/log-keeping.js';
import type { Clock } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { InstallationReader } from './installation-reader.js';
import type { EnrolledWorker } from './installation-repository.js';
import { version } from './version.js';
import { warningsOf } from './warnings.js';

interface HealthDeps {
  config: Pick<Config, 'dataDirectory' | 'database'>;
  installationId: string;
  store: Store;
  clock: Clock;
  reader: InstallationReader;
  workers: Pick<WorkerChannel, 'about'>;
  keeping: Pick<LogKeeping, 'size'>;
  authorizer: Pick<Authorizer, 'authorize'>;
  /** What other parts have to say. */
  warnings: () => HealthWarning[];
}

/** How the parts of the installation are: for its owner. */
export function createInstallationHealth(deps: HealthDeps) {
  const { config, installationId, store, clock, reader, workers, keeping, authorizer } = deps;
  const startedAt = clock.now().toISOString();

  /** Without what is enrolled, those that are connected. */
  function workersNow(enrolled: readonly EnrolledWorker[] | undefined): WorkerHealth[] {
    const about = new Map(workers.about().map((one) => [one.workerId, one]));
    return (enrolled ?? [...about.values()].map(fromItsLink)).map(
      ({ id, name, region, organizationId, lastSeenAt }) => {
        const now = about.get(id);
        const status = now?.status;
        const engine = status?.engine;
        return {
          ...{ id, name, region, organizationId, lastSeenAt },
          connected: now !== undefined,
          driver: now?.driver || null,
          architecture: now?.architecture ?? null,
          version: status?.version ?? null,
          hostname: status?.hostname ?? null,
          engine: engine ? { name: engine.name, version: engine.version, apiVersion: engine.apiVersion ?? null } : null,
          engineError: status?.engineError ?? null,
          networksMixed: engine?.networksMixed ?? false,
          cpuCount: status?.cpuCount ?? null,
          memoryBytes: status?.memoryBytes ?? null,
          memoryFreeBytes: status?.memoryFreeBytes ?? null,
          diskFolder: status?.diskFolder ?? null,
          diskBytes: status?.diskBytes ?? null,
          diskFreeBytes: status?.diskFreeBytes ?? null,
          instances: now?.instances.length ?? 0,
          sessions: now?.instances.filter(({ state }) => state === 'busy').length ?? 0,
        };
      },
    );
  }

  return {
    /** Throws 403 for everybody but an owner of the organization that the installation began with. */
    async checkOwner(principal: Principal, address: string): Promise<void> {
      const first = await store.installation.firstOrganization();
      const refusal = forbidden(
        'missing_permission',
        'Only an owner of the organization that this installation began with may look at how it is',
      );
      if (first === undefined) throw refusal;
      // One that can't reach that organization is told nothing of it.
      const access = await authorizer
        .authorize(principal, first, { needs: 'org:read' }, address)
        .catch((error: unknown) => {
          // Where the database fails, nobody is refused for good.
          if (!(error instanceof AppError) || error.status >= 500) throw error;
        });
      if (access?.role !== 'owner' || access.agents !== undefined) throw refusal;
    },

    /** While the database does not answer, what is known without it. */
    async read(): Promise<InstallationHealth> {
      const database = askUntilFailure();
      const latencyMs = await database.read(reader.answersInMs);
      const migrations = await database.read(reader.migrations);
      const disk = await reader.disk();
      const known = {
        version: (await database.read(reader.databaseVersion)) ?? null,
        bytes: (await database.read(reader.databaseBytes)) ?? null,
        uploadBytes: (await database.read(reader.uploadBytes)) ?? null,
        lastBackupAt: (await database.read(reader.lastBackupAt)) ?? null,
        workers: workersNow(await database.read(reader.workers)),
      };
      const health = {
        installationId,
        checkedAt: clock.now().toISOString(),
        version,
        node: process.versions.node,
        startedAt,
        database: {
          kind: config.database.dialect,
          version: known.version,
          bytes: known.bytes,
          latencyMs: latencyMs === undefined ? null : Math.round(latencyMs),
          error: database.error(),
          migrations: migrations?.length ?? null,
          lastMigration: migrations?.at(-1) ?? null,
        },
        disk: {
          folder: config.dataDirectory,
          bytes: disk?.bytes ?? null,
          freeBytes: disk?.freeBytes ?? null,
          logBytes: keeping.size().bytes,
          uploadBytes: known.uploadBytes,
        },
        lastBackupAt: known.lastBackupAt,
        workers: known.workers,
      };
      return { ...health, warnings: warningsOf(health, deps.warnings()) };
    },
  };
}
export type InstallationHealthService = ReturnType<typeof createInstallationHealth>;

type Connected = ReturnType<WorkerChannel['about']>[number];

function fromItsLink({ workerId, scope, status }: Connected): EnrolledWorker {
  return {
    id: workerId,
    name: status?.hostname ?? workerId,
    region: scope?.region ?? null,
    organizationId: scope?.organizationId ?? null,
    lastSeenAt: null,
  };
}

/** Reads of the database, none any more once one has failed: each would wait as long again. */
function askUntilFailure() {
  let error: string | null = null;
  return {
    async read<T>(one: () => Promise<T>): Promise<T | undefined> {
      if (error !== null) return undefined;
      return await one().catch((failure: unknown) => {
        error = failure instanceof Error ? failure.message : String(failure);
        return undefined;
      });
    },
    /** Why the first one failed. */
    error: () => error,
  };
}
