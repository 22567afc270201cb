import type { Service } from '@pipecat-cloud/contract/agents';

export type Phase =
  | { kind: 'failed'; code: string; message: string }
  | { kind: 'ready' }
  | { kind: 'waiting' | 'degraded' | 'progressing' | 'unavailable'; available: boolean; text: string };

/** What one poll of a service means for a deploy (contract §11.3). The first rule that fits decides. */
export function phaseOf(service: Service): Phase {
  const desired = service.desiredDeploymentId ?? service.activeDeploymentId;
  const available = service.available ?? service.ready ?? false;
  const condition = (type: string) =>
    service.conditions?.find((found) => found.type === type && found.status === 'True');
  const fault = service.errors?.[0] as { code: string; message?: string; error?: string } | undefined;
  if (fault) return { kind: 'failed', code: fault.code, message: fault.message ?? fault.error ?? 'no reason given' };
  if (desired && service.reconciledDeploymentId !== desired) {
    return { kind: 'waiting', available, text: 'waiting for a worker to take it' };
  }
  if (available && (service.ready || service.activeDeploymentReady)) return { kind: 'ready' };
  const degraded = condition('Degraded');
  if (degraded && available) {
    const why = degraded.message || degraded.reason;
    return { kind: 'degraded', available, text: `having trouble (${why}); the previous deployment serves` };
  }
  const progressing = condition('Progressing');
  const starting = progressing?.message ? `starting is delayed: ${progressing.message}` : 'starting';
  if (available)
    return { kind: 'progressing', available, text: `${starting}; the previous deployment serves meanwhile` };
  if (progressing) return { kind: 'progressing', available, text: starting };
  return {
    kind: 'unavailable',
    available,
    text: degraded ? `not available: ${degraded.message || degraded.reason}` : 'not available yet',
  };
}
