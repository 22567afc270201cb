import { agentProfiles, type PlatformProfile } from '@pipecat-cloud/contract/deployments';
import type { Architecture } from '@pipecat-cloud/contract/regions';
import { type Selectable, sql } from 'kysely';
import { inParts } from '../db/in-parts.js';
import { prepared } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';
import { neededDeployments } from './needed-deployments.js';

export type DeploymentPhase = 'Creating' | 'Validating' | 'Active' | 'Draining' | 'Failed';

/** What an agent runs; never changes once made. */
export interface DeploymentSettings {
  image: string | null;
  buildId: string | null;
  secretSet: string | null;
  imagePullSecretSet: string | null;
  /** Null where the deploy gave resources of its own. */
  profile: string | null;
  /** Kubernetes quantities: what the profile said when the deployment was made. */
  cpu: string;
  memory: string;
  /** Null for any machine. */
  architecture: Architecture | null;
  maxSessionSeconds: number | null;
  krispAudioFilter: string | null;
}
/** How a deployment takes over once it is ready: contract `RolloutOptions`. */
export type Rollout = 'automatic' | 'strict' | 'canary' | 'held';

export interface Deployment extends DeploymentSettings {
  id: string;
  organizationId: string;
  agentId: string;
  /** What the image's tag was resolved to: every instance runs this. Null until known, and where no image has a digest. */
  imageDigest: string | null;
  rollout: Rollout;
  canaryPercent: number | null;
  /** Of its first instance. */
  readyAt: string | null;
  /** When it became live last. */
  liveAt: string | null;
  /** As in audit records. */
  deployedBy: { kind: string; id: string | null; credentialId: string | null } | null;
  phase: DeploymentPhase;
  phaseStartedAt: string;
  startFailures: number;
  /** Sessions in a row that ended because their instance did. */
  sessionCrashes: number;
  error: { code: string; message: string } | null;
  createdAt: string;
  updatedAt: string;
}

type RolloutMembers = 'imageDigest' | 'rollout' | 'canaryPercent' | 'deployedBy';
/** One that no instance was made of yet. */
export type NewDeployment = Omit<Deployment, RolloutMembers | 'readyAt' | 'liveAt' | 'sessionCrashes'> &
  Partial<Pick<Deployment, RolloutMembers>>;

const byId = prepared((db, { organizationId, id }: { organizationId: string; id: string }) =>
  db.selectFrom('deployment').selectAll().where('organization_id', '=', organizationId).where('id', '=', id),
);

/** Every session's end asks for it, and few find anything to change. */
const forgetCrashes = prepared((db, { id }: { id: string }) =>
  db
    .updateTable('deployment')
    .set({ session_crashes: 0, ...errorUnless('start_failures') })
    .where('id', '=', id)
    .where('session_crashes', '>', 0)
    .where('phase', '!=', 'Failed'),
);

export function createDeploymentRepository({ db }: RepositoryContext) {
  return {
    async insert(deployment: NewDeployment): Promise<void> {
      await db
        .insertInto('deployment')
        .values({
          id: deployment.id,
          organization_id: deployment.organizationId,
          agent_id: deployment.agentId,
          image: deployment.image,
          build_id: deployment.buildId,
          secret_set: deployment.secretSet,
          image_pull_secret_set: deployment.imagePullSecretSet,
          profile: deployment.profile ?? '',
          cpu: deployment.cpu,
          memory: deployment.memory,
          architecture: deployment.architecture,
          max_session_seconds: deployment.maxSessionSeconds,
          krisp_audio_filter: deployment.krispAudioFilter,
          image_digest: deployment.imageDigest ?? null,
          rollout: deployment.rollout ?? 'automatic',
          canary_percent: deployment.canaryPercent ?? null,
          deployed_by_kind: deployment.deployedBy?.kind ?? null,
          deployed_by_id: deployment.deployedBy?.id ?? null,
          deployed_by_credential_id: deployment.deployedBy?.credentialId ?? null,
          phase: deployment.phase,
          phase_started_at: deployment.phaseStartedAt,
          created_at: deployment.createdAt,
          updated_at: deployment.updatedAt,
        })
        .execute();
    },

    async find(organizationId: string, id: string): Promise<Deployment | undefined> {
      const [row] = (await byId(db, { organizationId, id })).rows;
      return row && toDeployment(row);
    },

    async findAll(organizationId: string, ids: readonly string[]): Promise<Map<string, Deployment>> {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom('deployment')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', 'in', ids)
        .execute();
      return new Map(rows.map((row) => [row.id, toDeployment(row)]));
    },

    /**
     * When a deployment that is made now counts as made: after every other of the agent, which the caller has locked. A clock that was
     * set back must not put it before those that it follows.
     */
    async nextCreatedAt(agentId: string, now: Date): Promise<Date> {
      const { newest } = await db
        .selectFrom('deployment')
        .select(({ fn }) => fn.max('created_at').as('newest'))
        .where('agent_id', '=', agentId)
        .executeTakeFirstOrThrow();
      return new Date(Math.max(now.getTime(), newest ? Date.parse(newest) + 1 : 0));
    },

    /** Newest first. */
    async listOfAgent(organizationId: string, agentId: string): Promise<Deployment[]> {
      const rows = await db
        .selectFrom('deployment')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .orderBy('created_at', 'desc')
        .limit(100)
        .execute();
      return rows.map(toDeployment);
    },

    /** True when this call changed it: a phase moves only from the phase that was read. */
    async setPhase(id: string, from: readonly DeploymentPhase[], to: DeploymentPhase, now: Date): Promise<boolean> {
      const result = await db
        .updateTable('deployment')
        .set({ phase: to, phase_started_at: now.toISOString(), updated_at: now.toISOString() })
        .where('id', '=', id)
        .where('phase', 'in', from)
        .executeTakeFirst();
      return Number(result.numUpdatedRows) === 1;
    },

    /** Its first instance is ready, or one is again: failed starts before it count no more. */
    async markReady(id: string, now: Date): Promise<void> {
      await db
        .updateTable('deployment')
        .set((eb) => ({
          ready_at: eb.fn.coalesce('ready_at', eb.val(now.toISOString())),
          start_failures: 0,
          error_code: null,
          error_message: null,
        }))
        .where('id', '=', id)
        .execute();
    },

    async markLive(id: string, now: Date): Promise<void> {
      await db.updateTable('deployment').set({ live_at: now.toISOString() }).where('id', '=', id).execute();
    },

    /** Changes how one that is not live yet takes over. */
    async setRollout(id: string, rollout: Rollout, canaryPercent: number | null): Promise<void> {
      await db.updateTable('deployment').set({ rollout, canary_percent: canaryPercent }).where('id', '=', id).execute();
    },

    /** The first answer counts: a tag that moves while instances start must not give them different images. */
    async pinDigest(id: string, digest: string): Promise<void> {
      await db
        .updateTable('deployment')
        .set({ image_digest: digest })
        .where('id', '=', id)
        .where('image_digest', 'is', null)
        .execute();
    },

    /** Of these images, those that no deployment that may be run again runs; with an organization, only its own deployments count. */
    async unneededImages<T extends { digest: string }>(images: readonly T[], organizationId?: string): Promise<T[]> {
      const digests = [...new Set(images.map(({ digest }) => digest))];
      const rows = await inParts(digests, (part) =>
        neededDeployments(db)
          .select('known.image_digest')
          .where('known.image_digest', 'in', part)
          .$if(organizationId !== undefined, (query) => query.where('known.organization_id', '=', organizationId ?? ''))
          .execute(),
      );
      const needed = new Set(rows.map(({ image_digest }) => image_digest));
      return images.filter(({ digest }) => !needed.has(digest));
    },

    /** The newest that was made before this one and was live once. */
    async findLiveBefore(deployment: Deployment): Promise<Deployment | undefined> {
      const row = await db
        .selectFrom('deployment')
        .selectAll()
        .where('organization_id', '=', deployment.organizationId)
        .where('agent_id', '=', deployment.agentId)
        .where('live_at', 'is not', null)
        .where('created_at', '<', deployment.createdAt)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && toDeployment(row);
    },

    /** Counts one failed start and keeps its reason; returns how many there are now. */
    async addStartFailure(id: string, error: { code: string; message: string }, now: Date): Promise<number> {
      const row = await db
        .updateTable('deployment')
        .set((eb) => ({
          start_failures: eb('start_failures', '+', 1),
          error_code: error.code,
          error_message: error.message.slice(0, 2000),
          updated_at: now.toISOString(),
        }))
        .where('id', '=', id)
        .returning('start_failures')
        .executeTakeFirst();
      return row?.start_failures ?? 0;
    },

    /** Counts one session that ended because its instance did, and keeps how. */
    async addSessionCrash(id: string, error: { code: string; message: string }, now: Date): Promise<void> {
      await db
        .updateTable('deployment')
        .set((eb) => ({
          session_crashes: eb('session_crashes', '+', 1),
          error_code: error.code,
          error_message: error.message,
          updated_at: now.toISOString(),
        }))
        .where('id', '=', id)
        // What is given up keeps why.
        .where('phase', '!=', 'Failed')
        .execute();
    },

    /** A session of it has ended, and not because its instance did. Nothing is written, and nothing locked, where none did before. */
    async clearSessionCrashes(id: string): Promise<void> {
      await forgetCrashes(db, { id });
    },

    /** An instance of it has stayed: its failed starts count no more, unless another came since it was read. */
    async clearStartFailures({ id, startFailures }: Deployment): Promise<void> {
      await db
        .updateTable('deployment')
        .set({ start_failures: 0, ...errorUnless('session_crashes') })
        .where('id', '=', id)
        .where('start_failures', '=', startFailures)
        .where('phase', '!=', 'Failed')
        .execute();
    },

    /** These, whatever their organization: for the reconciler alone. */
    async listAny(ids: readonly string[]): Promise<Deployment[]> {
      const rows = await inParts(ids, (part) =>
        db.selectFrom('deployment').selectAll().where('id', 'in', part).execute(),
      );
      return rows.map(toDeployment);
    },
  };
}

/** What is not counted any more is no error either; it stays as it is where the other count goes on. */
function errorUnless(other: 'start_failures' | 'session_crashes') {
  const unless = (column: 'error_code' | 'error_message') =>
    sql<string | null>`case when ${sql.ref(other)} > 0 then ${sql.ref(column)} end`;
  return { error_code: unless('error_code'), error_message: unless('error_message') };
}

function toDeployment(row: Selectable<Schema['deployment']>): Deployment {
  // Rows without resources are from a time when there were only these profiles.
  const older = agentProfiles[row.profile as PlatformProfile] ?? agentProfiles['agent-1x'];
  return {
    id: row.id,
    organizationId: row.organization_id,
    agentId: row.agent_id,
    image: row.image,
    buildId: row.build_id,
    secretSet: row.secret_set,
    imagePullSecretSet: row.image_pull_secret_set,
    profile: row.profile || null,
    cpu: row.cpu ?? older.cpu,
    memory: row.memory ?? older.memory,
    architecture: row.architecture as Architecture | null,
    maxSessionSeconds: row.max_session_seconds,
    krispAudioFilter: row.krisp_audio_filter,
    imageDigest: row.image_digest,
    rollout: row.rollout as Rollout,
    canaryPercent: row.canary_percent,
    readyAt: row.ready_at,
    liveAt: row.live_at,
    deployedBy:
      row.deployed_by_kind === null
        ? null
        : { kind: row.deployed_by_kind, id: row.deployed_by_id, credentialId: row.deployed_by_credential_id },
    phase: row.phase as DeploymentPhase,
    phaseStartedAt: row.phase_started_at,
    startFailures: row.start_failures,
    sessionCrashes: row.session_crashes,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
