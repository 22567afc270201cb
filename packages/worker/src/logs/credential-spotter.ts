import { isAlarming, scanText } from '@pipecat-cloud/contract/credential-scan';
import type { Report } from '@pipecat-cloud/contract/worker';
import type { Outbox } from '../outbox.js';

type Source = Extract<Report, { type: 'credentials-seen' }>['source'];

/** Sources and values in one round; more are left out. */
const limit = 50;

/**
 * Tells the control plane which credentials of this platform were taken out of the output of agents and builds, so that it can look
 * whether they live. Only for lines that the redactor has changed: all others cost nothing. Equal ones are counted, not repeated.
 */
export function createCredentialSpotter({ outbox, batchMs }: { outbox: Pick<Outbox, 'offer'>; batchMs: number }) {
  let waiting = new Map<string, { source: Source; values: Map<string, number> }>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const round = waiting;
    waiting = new Map();
    for (const { source, values } of round.values()) {
      const credentials = [...values].map(([value, count]) => ({ value, count }));
      // May be lost while the link is down for long: an alert is no reason to keep values in memory for ever.
      outbox.offer({ type: 'credentials-seen', source, credentials });
    }
  }

  return {
    /** `text` as it was before anything was taken out. */
    look(text: string, source: Source): void {
      scanText(text, (finding, value) => {
        if (!isAlarming(finding)) return;
        const key = JSON.stringify(source);
        const entry = waiting.get(key) ?? { source, values: new Map<string, number>() };
        const known = entry.values.get(value) ?? 0;
        if (known === 0 && (entry.values.size >= limit || (entry.values.size === 0 && waiting.size >= limit))) return;
        entry.values.set(value, known + 1);
        waiting.set(key, entry);
        timer ??= setTimeout(flush, batchMs);
      });
    },
    /** Tells what is left. */
    close: flush,
  };
}
export type CredentialSpotter = ReturnType<typeof createCredentialSpotter>;
