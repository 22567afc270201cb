import { type Static, Type } from 'typebox';
import { OrNull, Timestamp } from './names.js';

/** The profiles of the platform; organizations add their own (contract §13.2). */
export const agentProfiles = {
  'agent-1x': { cpu: '500m', memory: '1Gi' },
  'agent-2x': { cpu: '1', memory: '2Gi' },
  'agent-3x': { cpu: '1500m', memory: '3Gi' },
} as const;
export type PlatformProfile = keyof typeof agentProfiles;

export const Manifest = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String(),
  metadata: Type.Object({ name: Type.String(), namespace: Type.String() }),
  spec: Type.Object({
    dailyNodeType: Type.String(),
    image: Type.Optional(Type.String({ description: 'Absent where a build made it; see buildId' })),
    autoScaling: Type.Object({ minReplicas: Type.Integer(), maxReplicas: Type.Integer() }),
    resources: Type.Object({ cpu: Type.String(), memory: Type.String() }),
    arch: Type.Optional(Type.String({ description: 'The architecture that the deployment is held to' })),
    envFromSecretNames: Type.Array(Type.String()),
    krispViva: Type.Optional(Type.Object({ audioFilters: Type.Boolean() })),
    imagePullSecretName: Type.Optional(Type.String()),
    maxSessionDurationSeconds: Type.Optional(Type.Integer()),
  }),
});

export const Deployment = Type.Object({
  id: Type.String(),
  serviceId: Type.String(),
  buildId: Type.Optional(Type.String()),
  imageDigest: Type.Optional(
    Type.String({ description: 'What the tag was when the deployment first started: all of its instances run this' }),
  ),
  manifest: Manifest,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Deployment = Static<typeof Deployment>;

/**
 * `starting` being made ready · `held` ready, waiting to be promoted · `canary` takes a share of the new sessions · `live` takes them ·
 * `failed` never took any, or was given up as a canary · `retired` was live once · `withdrawn` was replaced before it was live.
 */
export const deploymentStates = ['starting', 'held', 'canary', 'live', 'failed', 'retired', 'withdrawn'] as const;
export type DeploymentState = (typeof deploymentStates)[number];

const settingValue = OrNull(Type.String());
/** A deployment with its history, as the list of them shows it. */
export const DeploymentRecord = Type.Object({
  ...Deployment.properties,
  state: Type.Enum([...deploymentStates]),
  rollout: Type.Enum(['automatic', 'strict', 'canary', 'held'], { description: 'How it was asked to take over' }),
  deployedBy: Type.Object({
    kind: Type.String({ description: 'As in the audit log; unknown for deployments older than this member' }),
    id: OrNull(Type.String()),
    name: OrNull(Type.String({ description: 'What the person, service account or key is called now' })),
  }),
  readyAt: OrNull(Timestamp),
  liveAt: OrNull(Timestamp),
  changes: Type.Array(Type.Object({ setting: Type.String(), from: settingValue, to: settingValue }), {
    description: 'Against the deployment that was made before it',
  }),
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
});
export type DeploymentRecord = Static<typeof DeploymentRecord>;

export const DeploymentList = Type.Object({ deployments: Type.Array(DeploymentRecord) });
export type DeploymentList = Static<typeof DeploymentList>;

export const deploymentPhases = ['Creating', 'Validating', 'Active', 'Draining', 'Failed'] as const;
export const Revision = Type.Object({
  deploymentID: Type.String(),
  phase: Type.Enum([...deploymentPhases]),
  readyReplicas: Type.Integer(),
  phaseStartedAt: Timestamp,
  health: Type.Object({
    ready: Type.Boolean(),
    state: Type.Enum(['running', 'waiting', 'terminated']),
    restartCount: Type.Integer(),
    replicasStarted: Type.Integer(),
    reason: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
    headline: Type.Optional(Type.String({ description: 'What is wrong, in a few words' })),
  }),
});
