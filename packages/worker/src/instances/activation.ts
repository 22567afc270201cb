import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Activation } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { CommandRefused } from '../command-refused.js';
import type { Driver } from '../drivers/driver.js';
import { leftNoTrace } from './explain.js';
import { type Instance, isGone } from './instance.js';
import { momentNow } from './moment.js';
import type { HeldSession, Records } from './record.js';
import { type HeldBot, holdBot } from './session-holder.js';
import type { Tenancy } from './tenancy.js';

export interface ActivationDeps {
  driver: Driver;
  records: Records;
  log: Logger;
  changed: () => void;
  cutRelays: (instanceId: string, afterMs: number) => void;
  /** The instance did not take a request: probe it again before it is offered. */
  doubt: (instance: Instance) => void;
  occupy: (instance: Instance, session: HeldSession) => Tenancy;
}

/**
 * Gives a session to an instance: the last judge of a claim. Resolves once the instance has accepted; throws `CommandRefused`,
 * and then the session is not held. The activation accepted last is answered alike when it is repeated.
 */
export async function activate(deps: ActivationDeps, instance: Instance, activation: Activation): Promise<void> {
  const { record, activating, id } = instance;
  const { epoch, sessionId } = activation;
  if (activating?.epoch === epoch && activating.sessionId === sessionId) return activating.done;
  if (record.accepted?.epoch === epoch && record.accepted.sessionId === sessionId) return;
  if (epoch <= record.epoch) {
    throw new CommandRefused('stale_epoch', `Instance ${id} has seen epoch ${record.epoch}; ${epoch} is not greater`);
  }
  if (instance.tenancy || activating) throw new CommandRefused('busy', `Instance ${id} has a session`);
  const limit = activation.reuse?.maxSessions ?? Number.POSITIVE_INFINITY;
  if (record.usedUp || (record.served ?? 0) >= limit) {
    throw new CommandRefused('used_up', `Instance ${id} has had its last session (${record.usedUp ?? 'sessions'})`);
  }
  if (instance.life !== 'ready' || instance.removing || instance.address === undefined) {
    throw new CommandRefused('not_ready', `Instance ${id} is ${instance.removing ? 'being removed' : instance.life}`);
  }
  const done = accept(deps, instance, instance.address, activation).finally(() => {
    instance.activating = undefined;
    deps.changed();
  });
  instance.activating = { epoch, sessionId, done };
  deps.changed();
  return done;
}

async function accept(deps: ActivationDeps, instance: Instance, address: string, activation: Activation) {
  const { driver, records } = deps;
  const { record } = instance;
  const { sessionId, epoch, entry } = activation;
  // What is left of the session before must not reach into this one.
  deps.cutRelays(instance.id, 0);
  let session: HeldSession;
  let bot: HeldBot | undefined;
  try {
    await failpoint('activate.received');
    session = await note(driver, instance, activation);
    // From here on no other claim of this epoch or an older one can be accepted, whatever happens to this process.
    await records.save(record, { durable: true });
    await failpoint('activate.noted');
    if (entry === 'bot') bot = await holdBot(driver, { id: instance.id, address }, activation);
  } catch (error) {
    await withdraw(deps, instance, sessionId);
    const why = (error as Error).message;
    throw new CommandRefused('failed', `Instance ${instance.id} did not take the session: ${why}`, { cause: error });
  }
  await failpoint('activate.sent');
  if (entry === 'bot') {
    session.phase = 'sent';
    await records.save(record).catch((err) => deps.log.error({ err }, 'the session file could not be written'));
  }
  occupy(deps, instance, session, bot);
  deps.log.info({ instanceId: instance.id, sessionId, epoch, entry }, 'session accepted');
  await failpoint('activate.held');
}

async function note(driver: Driver, { id, record }: Instance, activation: Activation): Promise<HeldSession> {
  const { sessionId, epoch, entry, maxSessionSeconds, connectTimeoutSeconds, reuse } = activation;
  const logStart = await driver.logEnd(id);
  const session: HeldSession = {
    sessionId,
    epoch,
    entry,
    started: momentNow(),
    maxSessionSeconds,
    connectTimeoutSeconds,
    ...(reuse ? { reuse } : {}),
    logStart,
    phase: 'accepted',
  };
  record.epoch = epoch;
  record.served = (record.served ?? 0) + 1;
  record.accepted = { sessionId, epoch };
  record.session = session;
  record.intervals.push({ sessionId, from: logStart });
  return session;
}

function occupy(deps: ActivationDeps, instance: Instance, session: HeldSession, bot: HeldBot | undefined): void {
  const tenancy = deps.occupy(instance, session);
  const failed = (err: unknown) => deps.log.error({ err, instanceId: instance.id }, 'ending a session failed');
  bot?.result.then((status) => tenancy.botAnswered(status)).catch(failed);
  tenancy.onDetach(() => bot?.release());
  // It may have gone while nobody held the session.
  if (isGone(instance)) goneBefore(instance, tenancy).catch(failed);
  else tenancy.begin();
}

async function goneBefore(instance: Instance, tenancy: Tenancy): Promise<void> {
  const words = await instance.lastWords;
  await tenancy.instanceGone(words?.text ?? leftNoTrace);
}

/** The epoch stays used: the instance may have seen it. */
async function withdraw(deps: ActivationDeps, instance: Instance, sessionId: string): Promise<void> {
  const { record } = instance;
  delete record.session;
  delete record.accepted;
  record.intervals = record.intervals.filter(
    (interval) => interval.sessionId !== sessionId || interval.to !== undefined,
  );
  await deps.records.save(record).catch((err) => deps.log.error({ err }, 'the session file could not be written'));
  deps.doubt(instance);
}
