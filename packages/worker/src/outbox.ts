import type { Report, WorkerMessage } from '@pipecat-cloud/contract/worker';

/** Reports that nobody may wait for are dropped, oldest first, beyond this many. */
const droppableLimit = 2000;

export type Outbox = ReturnType<typeof createOutbox>;

interface Waiting {
  report: Report;
  acknowledged: () => void;
  droppable: boolean;
}

/** Numbers reports, keeps them until the control plane has acknowledged them, and sends them again on every new link. */
export function createOutbox(send: (message: WorkerMessage) => void) {
  const waiting = new Map<number, Waiting>();
  const droppable: number[] = [];
  let last = 0;

  function add(entry: Waiting): number {
    const number = ++last;
    waiting.set(number, entry);
    send({ type: 'report', number, report: entry.report });
    return number;
  }

  return {
    /** Resolves once the control plane has the report; never rejects. Reports arrive in the order of these calls. */
    deliver(report: Report): Promise<void> {
      return new Promise((acknowledged) => {
        add({ report, acknowledged, droppable: false });
      });
    },
    /** Sends a report that may be lost when the link is down for long. */
    offer(report: Report): void {
      droppable.push(add({ report, acknowledged: () => undefined, droppable: true }));
      while (droppable.length > droppableLimit) {
        const oldest = droppable.shift();
        if (oldest !== undefined) waiting.delete(oldest);
      }
    },
    /** Reports that are not acknowledged. */
    size: () => waiting.size,
    /** To be called on each new link, before anything else is reported on it. */
    sendAgain(): void {
      for (const [number, { report }] of waiting) send({ type: 'report', number, report });
    },
    acknowledge(numbers: readonly number[]): void {
      for (const number of numbers) {
        const entry = waiting.get(number);
        if (!entry) continue;
        waiting.delete(number);
        if (entry.droppable) droppable.splice(droppable.indexOf(number), 1);
        entry.acknowledged();
      }
    },
  };
}
