import { agentProfiles, type PlatformProfile } from '@pipecat-cloud/contract/deployments';
import type { Architecture } from '@pipecat-cloud/contract/regions';
import type { Selectable } from 'kysely';
import { inParts } from '../db/in-parts.js';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

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
export interface Deployment extends DeploymentSettings {
  id: string;
  organizationId: string;
  agentId: string;
  phase: DeploymentPhase;
  phaseStartedAt: string;
  startFailures: number;
  error: { code: string; message: string } | null;
  createdAt: string;
  updatedAt: string;
}

export function createDeploymentRepository({ db }: RepositoryContext) {
  return {
    async insert(deployment: Deployment): Promise<void> {
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
          phase: deployment.phase,
          phase_started_at: deployment.phaseStartedAt,
          created_at: deployment.createdAt,
          updated_at: deployment.updatedAt,
        })
        .execute();
    },

    async find(organizationId: string, id: string): Promise<Deployment | undefined> {
      const row = await db
        .selectFrom('deployment')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .executeTakeFirst();
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

    async clearStartFailures(id: string): Promise<void> {
      await db
        .updateTable('deployment')
        .set({ start_failures: 0, error_code: null, error_message: null })
        .where('id', '=', id)
        .where('start_failures', '>', 0)
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
    phase: row.phase as DeploymentPhase,
    phaseStartedAt: row.phase_started_at,
    startFailures: row.start_failures,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
