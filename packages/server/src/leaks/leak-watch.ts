import {
  type CredentialFinding,
  isAlarming,
  mayHoldCredential,
  scanText,
} from '@pipecat-cloud/contract/credential-scan';
import type { FastifyBaseLogger } from 'fastify';
import type { LeakAlerts, LeakSite } from './leak-alerts.js';

interface LeakWatchDeps {
  alerts: LeakAlerts;
  log: Pick<FastifyBaseLogger, 'error' | 'warn'>;
  /** Between two rounds; what is seen meanwhile in the same place is one more of the same. */
  pauseMs?: number;
}

interface Seen {
  value: string;
  site: LeakSite;
  count: number;
}

/** Pairs of value and place that may wait. An agent that prints made-up tokens must cost the database no more than this a round. */
const waitingLimit = 200;

/** Where the rest of the server hands in texts. It returns at once; looking up and alerting happen beside the path of the caller. */
export function createLeakWatch({ alerts, log, pauseMs = 1000 }: LeakWatchDeps) {
  let waiting = new Map<string, Seen>();
  let dropped = 0;
  let round: Promise<void> | undefined;
  let closing = false;
  /** How many wait for the end of all rounds, so that nothing is gained by a pause. */
  let impatient = 0;
  let wake = () => {};

  function add(value: string, site: LeakSite, count: number): void {
    if (closing) return;
    const key = JSON.stringify([value, site.organizationId, site.kind, site.name]);
    const known = waiting.get(key);
    if (known) known.count += count;
    else if (waiting.size < waitingLimit) waiting.set(key, { value, site, count });
    else dropped++;
    round ??= run();
  }

  async function run(): Promise<void> {
    while (waiting.size > 0) {
      const seen = [...waiting.values()];
      waiting = new Map();
      for (const { value, site, count } of seen) {
        await alerts.raise(value, site, count).catch((err: unknown) => {
          log.error({ err, place: site.kind, organizationId: site.organizationId }, 'a leak could not be looked into');
        });
      }
      if (dropped > 0) log.warn({ dropped }, 'too many credentials were seen at once; some were not looked up');
      dropped = 0;
      if (waiting.size > 0 && !closing && impatient === 0) await pause();
    }
    // In the same moment as the last look: what is added after it begins the next round.
    round = undefined;
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    /** Looks for credentials in a text. `siteOf` is asked only where one is found. */
    look(text: string, siteOf: (finding: CredentialFinding) => LeakSite): void {
      if (!mayHoldCredential(text)) return;
      scanText(text, (finding, value) => {
        if (isAlarming(finding)) add(value, siteOf(finding), 1);
      });
    },
    /** A value that was found elsewhere. */
    add,
    /** Resolves when everything handed in so far has been looked into. */
    async idle(): Promise<void> {
      impatient++;
      wake();
      while (round) await round;
      impatient--;
    },
    /** Looks into what is waiting and takes nothing more. */
    async close(): Promise<void> {
      closing = true;
      wake();
      await round;
    },
  };
}
export type LeakWatch = ReturnType<typeof createLeakWatch>;
