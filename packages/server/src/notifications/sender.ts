import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import type { Channel, ClaimedDelivery } from './notification-repository.js';
import { nextAttempt } from './retry-schedule.js';

/** `error` is shown to people: what happened, in a few words, without addresses inside a network and without secrets. */
export type Outcome = { delivered: true } | { delivered: false; error: string };

interface SenderDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  channel: Channel;
  /** How many go out at a time. */
  concurrency: number;
  /** Never throws for what the other side does. `signal` ends it when the server closes. */
  deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome>;
}

/** Longer than any attempt lasts. What was claimed by a process that died is taken again after it. */
export const leaseMs = 5 * 60_000;

/**
 * Empties one channel of the outbox. At least once: a delivery counts as done only after the other side has taken it, so one that a
 * crash interrupted goes out again. `closing` breaks off what is under way.
 */
export async function emptyOutbox(deps: SenderDeps, closing: AbortSignal): Promise<void> {
  const { store, clock, log, channel, concurrency, deliver } = deps;
  while (!closing.aborted) {
    const now = clock.now();
    const claimed = await store.notifications.claim(channel, concurrency, now, new Date(now.getTime() + leaseMs));
    if (claimed.length === 0) return;
    await Promise.all(claimed.map(attempt));
  }

  async function attempt(delivery: ClaimedDelivery): Promise<void> {
    const outcome = await deliver(delivery, closing).catch((err: unknown): Outcome => {
      log.error({ err, deliveryId: delivery.id, channel }, 'a notification met an unexpected error');
      return { delivered: false, error: 'an internal error; the server log has more' };
    });
    const now = clock.now();
    if (outcome.delivered) return await store.notifications.markDelivered(delivery.id, now);
    // Broken off by us: that says nothing about the other side.
    if (closing.aborted) return await store.notifications.release(delivery.id, delivery.attempt, now);
    const facts = { deliveryId: delivery.id, kind: delivery.kind, channel, attempt: delivery.attempt };
    const next = nextAttempt(delivery.attempt, now);
    if (next) {
      log.warn({ ...facts, reason: outcome.error, next }, 'a notification was not delivered; it is tried again');
      return await store.notifications.tryAgainAt(delivery.id, delivery.attempt, next, outcome.error);
    }
    log.error({ ...facts, reason: outcome.error }, 'a notification was given up after a day of attempts');
    await store.notifications.giveUp(delivery.id, delivery.attempt, now, outcome.error);
  }
}

/** Empties it when nudged, and every few seconds for what is due again. One channel never waits for the other. */
export function createSender(deps: SenderDeps) {
  const closing = new AbortController();
  const periodic = createPeriodic({
    run: () => emptyOutbox(deps, closing.signal),
    intervalMs: 5_000,
    onError: (err) =>
      deps.log.error({ err, channel: deps.channel }, 'the outbox could not be emptied; it is tried again'),
  });
  return {
    start: periodic.start,
    nudge: periodic.nudge,
    /** Breaks off what is under way; the next start sends it again. */
    async close(): Promise<void> {
      closing.abort();
      await periodic.close();
    },
  };
}
