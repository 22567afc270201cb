import { type Static, Type } from 'typebox';
import { agentProfiles, Deployment, maxAgentsLimit, Revision, sessionDuration } from './deployments.js';
import { AgentName, Timestamp } from './names.js';

const scaling = Type.Object({
  minAgents: Type.Optional(Type.Integer({ minimum: 0, maximum: maxAgentsLimit })),
  maxAgents: Type.Optional(Type.Integer({ minimum: 1, maximum: maxAgentsLimit })),
});

/** `POST` and `PUT …/services` (contract §6.2). Unknown members are ignored: older and newer clients send different sets. */
export const DeployBody = Type.Object({
  serviceName: AgentName,
  image: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  buildId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  imagePullSecretSet: Type.Optional(Type.String({ maxLength: 63 })),
  secretSet: Type.Optional(Type.String({ maxLength: 63 })),
  region: Type.Optional(Type.String({ maxLength: 63 })),
  autoScaling: Type.Optional(scaling),
  krispViva: Type.Optional(
    Type.Object({ audioFilter: Type.Optional(Type.Union([Type.Enum(['tel', 'pro']), Type.Null()])) }),
  ),
  enableKrisp: Type.Optional(Type.Boolean()),
  agentProfile: Type.Optional(Type.Enum(Object.keys(agentProfiles) as (keyof typeof agentProfiles)[])),
  forceRedeploy: Type.Optional(Type.Boolean()),
  websocketAuth: Type.Optional(Type.Enum(['none', 'token'])),
  maxSessionDuration: Type.Optional(
    Type.Integer({ minimum: sessionDuration.minimum, maximum: sessionDuration.maximum }),
  ),
});
export type DeployBody = Static<typeof DeployBody>;

export const ServiceSummary = Type.Object({
  id: Type.String(),
  name: Type.String(),
  region: Type.String(),
  activeDeploymentId: Type.Union([Type.String(), Type.Null()]),
  desiredDeploymentId: Type.Union([Type.String(), Type.Null()]),
  ready: Type.Boolean(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export const ServiceList = Type.Object({ services: Type.Array(ServiceSummary) });
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
  desiredDeploymentId: Type.Union([Type.String(), Type.Null()]),
  activeDeploymentId: Type.Union([Type.String(), Type.Null()]),
  reconciledDeploymentId: Type.Union([Type.String(), Type.Null()]),
  activeSessionCount: Type.Integer(),
  agentProfile: Type.String(),
  autoScaling: Type.Object({ minReplicas: Type.Integer(), maxReplicas: Type.Integer() }),
  krispViva: Type.Object({ audioFilter: Type.Union([Type.String(), Type.Null()]) }),
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
  errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
  warning: Type.Optional(Type.String()),
});
export type Service = Static<typeof Service>;

/** Organization-scoped reads are wrapped; without `body` the official command line reads "not found". */
export const WrappedService = Type.Object({ body: Service });
export type WrappedService = Static<typeof WrappedService>;
