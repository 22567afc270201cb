import { isAlarming, mayHoldCredential, scanText } from '@pipecat-cloud/contract/credential-scan';
import type { Report } from '@pipecat-cloud/contract/worker';
import type { Store } from '../db/store.js';
import type { LeakSite } from './leak-alerts.js';
import type { LeakWatch } from './leak-watch.js';

type SeenReport = Extract<Report, { type: 'credentials-seen' }>;

/** What workers say of credentials in the output of agents and builds, with names that people know in place of ids. */
export function createLeakSites({ store, watch }: { store: Store; watch: LeakWatch }) {
  async function siteOf({ source }: SeenReport): Promise<LeakSite | undefined> {
    if (source.kind === 'build') {
      const build = await store.builds.findAny(source.buildId);
      return (
        build && {
          organizationId: build.organizationId,
          kind: 'build_log',
          name: build.dockerfilePath,
          reference: build.id,
        }
      );
    }
    const { organizationId, agentId, deploymentId } = source;
    const name = await store.leaks.agentName(organizationId, agentId);
    return name === undefined ? undefined : { organizationId, kind: 'agent_log', name, reference: deploymentId };
  }

  async function seen(report: SeenReport): Promise<void> {
    const site = await siteOf(report);
    if (!site) return;
    for (const { value, count } of report.credentials) watch.add(value, site, count);
  }

  return {
    /** Workers take credentials out of lines before they send them, and say which they were. */
    seen,
    /** For lines that still have one in them. Costs next to nothing where they have none. */
    async inLines(source: SeenReport['source'], lines: readonly { text: string }[]): Promise<void> {
      const found: SeenReport['credentials'] = [];
      for (const { text } of lines) {
        if (!mayHoldCredential(text)) continue;
        scanText(text, (finding, value) => {
          if (isAlarming(finding)) found.push({ value, count: 1 });
        });
      }
      if (found.length > 0) await seen({ type: 'credentials-seen', source, credentials: found });
    },
  };
}
export type LeakSites = ReturnType<typeof createLeakSites>;
