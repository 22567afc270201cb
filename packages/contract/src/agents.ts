import { type Static, Type } from 'typebox';
import { maxAgentsLimit, sessionDuration } from './agent-limits.js';
import { Resources } from './agent-profiles.js';
import { Deployment, Revision } from './deployments.js';
import { AgentName, OrNull, Timestamp } from './names.js';
import { openPageQuery, pageQuery } from './paging.js';
import { Reuse } from './pool.js';
import { Architecture } from './regions.js';

const scaling = Type.Object({
  minAgents: Type.Optional(Type.Integer({ minimum: 0, maximum: maxAgentsLimit })),
  maxAgents: Type.Optional(Type.Integer({ minimum: 1, maximum: maxAgentsLimit })),
});

/** How a new deployment takes over. At most one of the three; without any it takes over as soon as it is ready. */
export const RolloutOptions = Type.Object({
  strict: Type.Optional(
    Type.Boolean({
      description: 'From now on no new session on the deployment before it: starts wait until this one is ready',
    }),
  ),
  canaryPercent: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 99,
      description: 'Once ready it takes this share of the new sessions, until promoted',
    }),
  ),
  hold: Type.Optional(Type.Boolean({ description: 'It is made ready and takes no session until it is promoted' })),
});
export type RolloutOptions = Static<typeof RolloutOptions>;

/** `POST …/services/{name}/promote`. */
export const PromoteBody = Type.Object({
  deploymentId: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Refused unless it is the one that waits: another deploy may have come between',
    }),
  ),
  canaryPercent: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 99, description: 'Only this share of the new sessions, instead of all' }),
  ),
});
export type PromoteBody = Static<typeof PromoteBody>;

/** `POST …/services/{name}/rollback`. */
export const RollbackBody = Type.Object({
  deploymentId: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'One that was ready once. Without it: the live one where another is being rolled out, else the one before it',
    }),
  ),
});
export type RollbackBody = Static<typeof RollbackBody>;

/** `POST` and `PUT …/services` (contract §6.2). Unknown members are ignored: older and newer clients send different sets. */
export const DeployBody = Type.Object({
  serviceName: AgentName,
  image: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  buildId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  imagePullSecretSet: Type.Optional(Type.String({ maxLength: 63 })),
  secretSet: Type.Optional(Type.String({ maxLength: 63 })),
  region: Type.Optional(Type.String({ maxLength: 63 })),
  nodeType: Type.Optional(Type.Enum(['arm'], { description: 'Only `arm`; kept for clients that send it' })),
  autoScaling: Type.Optional(scaling),
  reuse: Type.Optional(Reuse),
  krispViva: Type.Optional(
    Type.Object({ audioFilter: Type.Optional(Type.Union([Type.Enum(['tel', 'pro']), Type.Null()])) }),
  ),
  enableKrisp: Type.Optional(Type.Boolean()),
  agentProfile: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
  /** Instead of a profile. */
  resources: Type.Optional(Resources),
  architecture: Type.Optional(Architecture),
  /** A repository to build from; refused, because nothing here is linked to one. */
  git: Type.Optional(Type.Unknown()),
  forceRedeploy: Type.Optional(Type.Boolean()),
  rollout: Type.Optional(RolloutOptions),
  websocketAuth: Type.Optional(Type.Enum(['none', 'token'])),
  maxSessionDuration: Type.Optional(
    Type.Integer({ minimum: sessionDuration.minimum, maximum: sessionDuration.maximum }),
  ),
});
export type DeployBody = Static<typeof DeployBody>;

/** `POST /v1/agents/{name}` (contract §7.2): the path names the agent, so the body need not. */
export const UpdateAgentBody = Type.Partial(DeployBody);
export type UpdateAgentBody = Static<typeof UpdateAgentBody>;

/** Agents that one answer holds, unless fewer or more are asked for. */
export const servicePage = { defaultLimit: 100, maximum: 1000 } as const;
export const ServiceQuery = Type.Object({
  region: Type.Optional(Type.String({ maxLength: 63 })),
  /** What newer clients would like to know too; what this server does not have is left out. */
  include: Type.Optional(Type.String({ maxLength: 255 })),
  ...pageQuery(servicePage.defaultLimit, servicePage.maximum),
});
export type ServiceQuery = Static<typeof ServiceQuery>;

export const ServiceSummary = Type.Object({
  id: Type.String(),
  name: Type.String(),
  region: Type.String(),
  activeDeploymentId: OrNull(Type.String()),
  desiredDeploymentId: OrNull(Type.String()),
  ready: Type.Boolean(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export const ServiceList = Type.Object({
  services: Type.Array(ServiceSummary),
  hasMore: Type.Boolean({ description: 'Whether there are agents after these: ask again with a greater offset' }),
});
export type ServiceList = Static<typeof ServiceList>;

/** The status object that every client polls (contract §6.3 and §11.3). */
export const Service = Type.Object({
  id: Type.String(),
  name: Type.String(),
  region: Type.String(),
  ready: Type.Boolean(),
  available: Type.Boolean(),
  activeDeploymentReady: Type.Boolean(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  desiredDeploymentId: OrNull(Type.String()),
  activeDeploymentId: OrNull(Type.String()),
  reconciledDeploymentId: OrNull(Type.String()),
  activeSessionCount: Type.Integer(),
  idleInstanceCount: Type.Optional(Type.Integer({ description: 'Ready and without a session: what is warm' })),
  agentProfile: Type.Optional(Type.String({ description: 'Absent where the deploy gave resources of its own' })),
  resources: Type.Optional(Type.Object({ cpu: Type.String(), memory: Type.String() })),
  autoScaling: Type.Object({ minReplicas: Type.Integer(), maxReplicas: Type.Integer() }),
  reuse: Type.Optional(Reuse),
  krispViva: Type.Object({ audioFilter: OrNull(Type.String()) }),
  websocketAuth: Type.String(),
  conditions: Type.Array(
    Type.Object({
      type: Type.Enum(['Available', 'Progressing', 'Degraded']),
      status: Type.Enum(['True', 'False', 'Unknown']),
      reason: Type.String(),
      message: Type.String(),
    }),
  ),
  currentRevision: Type.Optional(Revision),
  previousRevision: Type.Optional(Revision),
  deployment: Type.Optional(Deployment),
  rollout: Type.Optional(
    Type.Object(
      {
        state: Type.Enum(['starting', 'held', 'canary', 'complete', 'failed']),
        strict: Type.Boolean({ description: 'Starts wait for the desired deployment' }),
        canaryPercent: OrNull(Type.Integer({ description: 'Share of the new sessions, once it is ready' })),
      },
      { description: 'How the desired deployment takes over from the active one' },
    ),
  ),
  errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
  warning: Type.Optional(Type.String()),
});
export type Service = Static<typeof Service>;

/** Organization-scoped reads are wrapped; without `body` the official command line reads "not found". */
export const WrappedService = Type.Object({ body: Service });
export type WrappedService = Static<typeof WrappedService>;

// The private REST API (contract §7.3) declares its ids as texts, so one that is not known yet is left out instead of null.
const knownIds = {
  desiredDeploymentId: Type.Optional(Type.String()),
  activeDeploymentId: Type.Optional(
    Type.String({ description: 'Deprecated by its publisher: the deployment that was requested' }),
  ),
  reconciledDeploymentId: Type.Optional(Type.String()),
};

/** `GET /v1/agents/{name}`: the status object itself, not wrapped. */
export const PrivateService = Type.Object({ ...Service.properties, ...knownIds });
export type PrivateService = Static<typeof PrivateService>;

export const PrivateServiceQuery = Type.Object({
  region: Type.Optional(Type.String()),
  includeActiveDeployment: Type.Optional(Type.Boolean()),
  ...openPageQuery(servicePage.defaultLimit),
});

export const PrivateServiceSummary = Type.Object({
  id: Type.String(),
  name: Type.String(),
  region: Type.String(),
  ...knownIds,
  organizationId: Type.String(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  deletedAt: OrNull(Timestamp),
  deployment: Type.Optional(Deployment),
});
export type PrivateServiceSummary = Static<typeof PrivateServiceSummary>;

export const PrivateServiceList = Type.Object({
  services: Type.Array(PrivateServiceSummary),
  hasMore: Type.Boolean(),
});
export type PrivateServiceList = Static<typeof PrivateServiceList>;
