import type { Report } from '@pipecat-cloud/contract/worker';
import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.js';
import type { Store } from '../db/store.js';
import type { WorkerScope } from './worker-repository.js';

/**
 * Whether what a worker of an organization's region reports is about that organization. Such a machine belongs to the organization
 * and not to who runs the installation, so it could say anything.
 */
export function createReportScope(store: Store) {
  // Ids never change their owner, and most reports are about few of them.
  const owners = new LRUCache<string, string>(atMost(10_000));

  async function ownerOf(kind: 'agent' | 'session' | 'build', id: string): Promise<string | undefined> {
    const key = `${kind} ${id}`;
    const known = owners.get(key) ?? (await store.workers.ownerOf(kind, id));
    if (known !== undefined) owners.set(key, known);
    return known;
  }

  function subjectOf(report: Report): ['agent' | 'session' | 'build', string] {
    switch (report.type) {
      case 'session-ended':
      case 'session-connected':
      case 'usage':
        return ['session', report.sessionId];
      case 'logs':
        return ['agent', report.agentId];
      case 'credentials-seen':
        return report.source.kind === 'agent' ? ['agent', report.source.agentId] : ['build', report.source.buildId];
      case 'build-started':
      case 'build-logs':
      case 'build-finished':
        return ['build', report.buildId];
    }
  }

  /** Organizations that the report names beside its subject. */
  function named(report: Report): string | undefined {
    if (report.type === 'logs') return report.organizationId;
    return report.type === 'credentials-seen' && report.source.kind === 'agent'
      ? report.source.organizationId
      : undefined;
  }

  return {
    async covers({ organizationId }: WorkerScope, report: Report): Promise<boolean> {
      if ((named(report) ?? organizationId) !== organizationId) return false;
      const [kind, id] = subjectOf(report);
      return (await ownerOf(kind, id)) === organizationId;
    },
  };
}
export type ReportScope = ReturnType<typeof createReportScope>;
