import type { Logger } from 'pino';
import { CommandRefused } from '../command-refused.js';
import type { Driver, DriverInstance } from '../drivers/driver.js';
import type { Ends } from './ends.js';
import { leftNoTrace, told, wordsOfExit } from './explain.js';
import { createInstance, type Instance, isGone, unknownError } from './instance.js';
import { emptyRecord, type HeldSession, type InstanceRecord, type Records } from './record.js';
import type { Tenancy } from './tenancy.js';

export interface AdoptDeps {
  driver: Driver;
  records: Records;
  ends: Ends;
  log: Logger;
  occupy: (instance: Instance, session: HeldSession) => Tenancy;
  /** Called for each instance before its session goes on. */
  add: (instance: Instance) => void;
}

// Offered again it could take a session beside the one that it may hold.
const unreadableMessage = "The worker can't read what it wrote down of this instance, and gives it up";

/** After a restart of the worker: puts what runs and what was written down together again, and reports what ended meanwhile. */
export async function adopt(deps: AdoptDeps): Promise<void> {
  const { records: loaded, unreadable } = await deps.records.load();
  const records = new Map(loaded.map((record) => [record.labels.instanceId, record]));
  for (const seen of await deps.driver.list()) {
    const record = records.get(seen.instanceId) ?? emptyRecord(seen.labels);
    if (unreadable.has(seen.instanceId)) record.failure = { code: unknownError, message: unreadableMessage };
    records.delete(seen.instanceId);
    await adoptOne(deps, seen, record);
  }
  for (const record of records.values()) await settleVanished(deps, record);
}

async function adoptOne(deps: AdoptDeps, seen: DriverInstance, record: InstanceRecord): Promise<void> {
  const instance = createInstance(record, lifeOf(seen, record));
  instance.address = seen.address;
  instance.imageDigest = seen.imageDigest;
  instance.error ??= seen.error;
  // It was to be ended from here, and lives.
  if (!isGone(instance)) delete record.lastWords;
  deps.add(instance);
  for (const end of record.ends) deps.ends.report(record, end);
  const session = record.session ?? settlingAsHeld(record);
  if (!session) {
    instance.lastWords = Promise.resolve(lastWordsOf(instance, seen));
    return;
  }
  const tenancy = deps.occupy(instance, session);
  const going = isGone(instance) ? goneMeanwhile(instance, tenancy, seen) : tenancy.resume();
  if (session.entry === 'bot' && session.phase === 'accepted') decide(instance, session, going);
  // Not awaited: a stop carried on takes as long as the instance takes to end.
  going.catch((err) => deps.log.error({ err, instanceId: instance.id }, 'resuming a session failed'));
}

async function goneMeanwhile(instance: Instance, tenancy: Tenancy, seen: DriverInstance): Promise<void> {
  const going = tenancy.instanceGone(wordsOfExit(instance, seen, true), seen.exit?.at);
  instance.lastWords = going.catch(() => undefined).then(() => instance.record.lastWords);
  await going;
}

/** Of one that holds no session: what was written down, or how it ended while no worker looked. */
function lastWordsOf(instance: Instance, seen: DriverInstance): InstanceRecord['lastWords'] {
  const { record } = instance;
  const endedUnseen = seen.state === 'exited' && record.lastWords === undefined && !record.failure;
  if (endedUnseen) {
    record.lastWords = { text: told(instance, wordsOfExit(instance, seen, record.startedMs !== undefined)) };
  }
  return record.lastWords;
}

/** Whether it has the session is only known once its output is read: until then the same activation waits for the answer. */
function decide(instance: Instance, { sessionId, epoch }: HeldSession, going: Promise<void>): void {
  const done = going
    .then(() => {
      if (instance.record.accepted?.epoch === epoch) return;
      throw new CommandRefused('failed', `Instance ${instance.id} did not take the session: its worker was restarted`);
    })
    .finally(() => {
      instance.activating = undefined;
    });
  done.catch(() => undefined); // For whoever asks.
  instance.activating = { sessionId, epoch, done };
}

function lifeOf(seen: DriverInstance, record: InstanceRecord): Instance['life'] {
  if (record.failure) return 'failed';
  if (seen.state === 'running') return 'starting';
  return seen.state;
}

/** An ended session has less to remember; the rest only matters to one that is held. */
function settlingAsHeld({ settling, epoch }: InstanceRecord): HeldSession | undefined {
  if (!settling) return undefined;
  const { sessionId, logStart, ended } = settling;
  return {
    sessionId,
    epoch,
    entry: 'bot',
    started: ended,
    maxSessionSeconds: 0,
    connectTimeoutSeconds: 0,
    logStart,
    phase: 'sent',
  };
}

/** The driver doesn't know the instance any more: its session can't run. */
async function settleVanished({ records, ends, log }: AdoptDeps, record: InstanceRecord): Promise<void> {
  const { session } = record;
  if (session) {
    const { sessionId, epoch, stopping } = session;
    const why = stopping
      ? ({ reason: 'stopped' } as const)
      : ({ reason: 'instance_exited', detail: leftNoTrace } as const);
    record.ends.push({ sessionId, epoch, ...why, at: new Date().toISOString() });
    delete record.session;
    await records.save(record, { durable: true });
    log.warn(
      { instanceId: record.labels.instanceId, sessionId: session.sessionId },
      'the instance of a session is gone',
    );
  }
  for (const end of record.ends) ends.report(record, end);
  await ends.forget(record);
}
