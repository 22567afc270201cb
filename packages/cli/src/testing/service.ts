import type { Service } from '@pipecat-cloud/contract/agents';
import type { Build } from '@pipecat-cloud/contract/builds';

/** A healthy agent as the API shows it. */
export function service(changes: Partial<Service> = {}): Service {
  return {
    id: 'svc_1',
    name: 'bot',
    region: 'local',
    ready: true,
    available: true,
    activeDeploymentReady: true,
    createdAt: '2026-04-20T10:00:00.000Z',
    updatedAt: '2026-04-20T10:05:00.000Z',
    desiredDeploymentId: 'dep_1',
    activeDeploymentId: 'dep_1',
    reconciledDeploymentId: 'dep_1',
    activeSessionCount: 0,
    agentProfile: 'agent-1x',
    autoScaling: { minReplicas: 0, maxReplicas: 10 },
    krispViva: { audioFilter: null },
    websocketAuth: 'token',
    conditions: [],
    errors: [],
    ...changes,
  };
}

export function build(changes: Partial<Build> = {}): Build {
  return {
    id: 'bld_1',
    organizationId: 'org_1',
    status: 'success',
    region: 'local',
    contextHash: '0123456789abcdef',
    dockerfilePath: 'Dockerfile',
    createdAt: '2026-04-20T10:00:00.000Z',
    updatedAt: '2026-04-20T10:00:00.000Z',
    ...changes,
  };
}
