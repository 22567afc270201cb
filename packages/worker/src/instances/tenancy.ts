import { setTimeout as delay } from 'node:timers/promises';
import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { SessionEndReason } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Driver } from '../drivers/driver.js';
import { closeInterval } from '../logs/intervals.js';
import type { Timings } from '../timings.js';
import { createAlarms } from './alarms.js';
import type { Ends } from './ends.js';
import { told } from './explain.js';
import type { Instance } from './instance.js';
import { awaitMarker, findMarker } from './markers.js';
import { momentNow, msSince } from './moment.js';
import type { HeldSession, Records, SessionEnd } from './record.js';
import { usedUpBy } from './used-up.js';

export interface TenancyDeps {
  driver: Driver;
  records: Records;
  ends: Ends;
  timings: Timings;
  log: Logger;
  /** Ends the instance's processes; resolves once nothing of it runs and `instanceGone` was called. */
  kill: (instance: Instance, graceSeconds: number, why?: string) => Promise<void>;
  /** Has the driver asked what runs; `instanceGone` has been called by then for what does not. Takes as long as the driver takes. */
  look: () => Promise<void>;
  /** Cuts what is relayed to the instance, at once or when it had time to finish. */
  cutRelays: (instanceId: string, afterMs: number) => void;
  changed: () => void;
  /** Its socket is open. */
  connected: (sessionId: string) => void;
}

/** What ends so close before its cap was ended by it: images count from when the request came to them. */
const capMarginMs = 2_000;

export type Tenancy = ReturnType<typeof createTenancy>;

/**
 * One session on one instance, from its acceptance until its bot is known to have finished or the instance is gone. It ends once,
 * whatever comes first, and the end is on disk before anybody hears of it.
 */
export function createTenancy(deps: TenancyDeps, instance: Instance, session: HeldSession) {
  const { driver, records, ends, timings } = deps;
  const { record } = instance;
  const { sessionId, epoch, entry, logStart } = session;
  const log = deps.log.child({ instanceId: instance.id, sessionId });
  const stopMarker = { instanceId: instance.id, from: logStart, marker: 'Stopping', sessionId } as const;
  const over = new AbortController();
  const alarms = createAlarms(background);
  const releases: (() => void)[] = [];
  /** Set once the session has ended, or is being ended: resolves when that is on disk and told. */
  let ending: Promise<void> | undefined = record.session === session ? undefined : Promise.resolve();
  let finished = false;
  let watching = false;
  /** Its socket is closed, and what that means is being found out. */
  let closing: Promise<void> | undefined;
  let gone = false;

  function background(work: Promise<void>): void {
    work.catch((err) => {
      if (!over.signal.aborted) log.error({ err }, 'looking after a session failed');
    });
  }

  async function save(durable: boolean): Promise<void> {
    // A full disk must not keep an end from being told; the next write carries this state too.
    await records.save(record, { durable }).catch((err) => log.error({ err }, 'the session file could not be written'));
  }

  const closeLogInterval = () => closeInterval(driver, record, sessionId, log);

  function letGo(): void {
    finished = true;
    over.abort();
    alarms.clear();
    if (instance.tenancy === tenancy) instance.tenancy = undefined;
    deps.cutRelays(instance.id, timings.relayGraceMs);
    deps.changed();
  }

  interface Ending {
    at?: string;
    status?: number | undefined;
    detail?: string;
    /** Undefined: the bot has finished. Otherwise how long it has to. */
    graceMs?: number;
  }

  async function end(reason: SessionEndReason, how: Ending): Promise<void> {
    if (finished) return;
    ending ??= recordEnd(reason, how);
    await ending;
  }

  async function recordEnd(reason: SessionEndReason, { at = now(), status, detail, graceMs }: Ending): Promise<void> {
    alarms.clear();
    await failpoint('end.seen');
    // A bot whose socket has closed is about to return. Of the others nobody knows, and so of one that was cut off by its image at
    // its cap: the image answers for it, while it may go on.
    const unfinished = graceMs === undefined ? capMs() <= capMarginMs : reason !== 'socket_closed';
    const entryOfEnd: SessionEnd = {
      ...{ sessionId, epoch, reason, at },
      ...(status === undefined ? {} : { status }),
      ...(detail === undefined ? {} : { detail }),
      ...(unfinished ? { unfinished } : {}),
    };
    if (graceMs === undefined) await closeLogInterval();
    await judgeReuse(unfinished);
    delete record.session;
    // With the end, so that the line about it comes after a restart too.
    if (gone)
      record.lastWords ??= reason === 'instance_exited' && detail !== undefined ? { text: detail, sessionId } : null;
    record.ends.push(entryOfEnd);
    if (graceMs !== undefined) record.settling = { sessionId, logStart, ended: momentNow(), graceMs };
    await save(true);
    await failpoint('end.noted');
    log.info({ reason, status, detail }, 'session ended');
    ends.report(record, entryOfEnd);
    if (graceMs === undefined) return letGo();
    deps.changed();
    settle(graceMs);
  }

  /** Decided before the end is told, so that nobody offers the instance in between. */
  async function judgeReuse(unfinished: boolean): Promise<void> {
    const why = unfinished ? 'quarantined' : await usedUpBy(driver, record, session.reuse);
    if (why) record.usedUp ??= why;
  }

  function settle(graceMs: number): void {
    if (finished) return;
    watchMarker();
    alarms.after(graceMs, () =>
      deps.kill(instance, timings.stopGraceSeconds, 'It was ended because its bot went on after its session'),
    );
  }

  /** The bot of an ended session has finished, or its instance is gone. */
  async function settled(): Promise<void> {
    await ending;
    if (finished) return;
    finished = true;
    alarms.clear();
    await closeLogInterval();
    delete record.settling;
    if (gone) record.lastWords ??= null;
    await save(false);
    letGo();
  }

  function watchMarker(): void {
    if (watching || finished) return;
    watching = true;
    background(
      awaitMarker(driver, stopMarker, over.signal).then(async (line) => {
        if (line) await botStopped(line.time.toISOString());
      }),
    );
  }

  async function botStopped(at: string): Promise<void> {
    if (session.stopping) return;
    if (ending) return settled();
    await end(entry === 'socket' ? 'socket_closed' : 'completed', { at });
  }

  const exitLook = () => delay(timings.exitLookMs, undefined, { signal: over.signal }).catch(() => undefined);
  const look = () => deps.look().catch((err) => log.warn({ err }, 'it is not known whether an instance has ended'));

  async function socketOver(cutOff: boolean): Promise<void> {
    const at = now();
    // A process that dies takes its sockets along a moment before anybody sees its end, which is what ended the session then.
    if (cutOff && !ending) {
      watchMarker();
      await exitLook();
      if (!finished) await Promise.race([look(), exitLook()]);
    }
    if (!session.stopping && !gone) await end('socket_closed', { at, graceMs: timings.socketGraceMs });
  }

  async function capReached(): Promise<void> {
    if (session.stopping) return;
    deps.cutRelays(instance.id, entry === 'socket' ? 0 : timings.relayGraceMs);
    await end('duration_exceeded', { graceMs: timings.capGraceMs });
  }

  /** Accepted, and not known to have reached the bot: the worker ended in between. */
  async function notSeen(): Promise<boolean> {
    if (session.phase !== 'accepted') return false;
    return !(await findMarker(driver, { ...stopMarker, marker: 'Starting' }).catch(() => undefined));
  }

  const capMs = () => session.maxSessionSeconds * 1000 - msSince(session.started);
  const connectMs = () => session.connectTimeoutSeconds * 1000 - msSince(session.started);

  async function connectTimedOut(): Promise<void> {
    // A socket that was passed on but never accepted may have started a bot.
    await end('connect_timeout', session.phase === 'accepted' ? {} : { graceMs: timings.socketGraceMs });
  }

  const tenancy = {
    sessionId,
    epoch,
    get state(): 'busy' | 'settling' {
      return record.session === session ? 'busy' : 'settling';
    },
    /** True while the session may be relayed to. */
    get open(): boolean {
      return !ending && !session.stopping && !closing;
    },

    /** Starts the clocks of a session that was just accepted. */
    begin(): void {
      alarms.after(capMs(), capReached);
      if (entry === 'socket') alarms.after(connectMs(), connectTimedOut);
    },

    /** Goes on after a restart of the worker, with the instance still running. */
    async resume(): Promise<void> {
      if (ending) return settle(record.settling ? record.settling.graceMs - msSince(record.settling.ended) : 0);
      if (session.stopping) return tenancy.stop();
      if (entry === 'socket' && session.phase === 'accepted') return tenancy.begin();
      // The relay ended with the worker.
      if (entry === 'socket') return end('socket_closed', { graceMs: timings.socketGraceMs });
      const stopped = await findMarker(driver, stopMarker);
      if (stopped) return botStopped(stopped.time.toISOString());
      if (await notSeen()) {
        // Nobody knows whether `/bot` arrived, and nobody was told that it did. Sending it again could start a second bot.
        delete record.accepted;
        return end('bot_failed', { graceMs: 0 });
      }
      session.phase = 'sent';
      watchMarker();
      alarms.after(capMs(), capReached);
    },

    /** `/bot` answered, or its connection broke (undefined): then only the output tells when the bot stops. */
    async botAnswered(status: number | undefined): Promise<void> {
      if (finished || session.stopping) return;
      if (status === undefined) return watchMarker();
      if (ending) return settled();
      await end(status < 400 ? 'completed' : 'bot_failed', { status });
    },

    /** A `/ws` is about to be passed on. True for the one that makes this session; its fate is then to be told. */
    async takeSocket(): Promise<boolean> {
      if (entry !== 'socket' || session.phase !== 'accepted' || ending) return false;
      session.phase = 'sent';
      await save(false);
      return true;
    },
    socketAccepted(): void {
      if (ending) return;
      alarms.clear();
      alarms.after(capMs(), capReached);
      deps.connected(sessionId);
    },
    /** The instance could not be reached: another socket may try until the connect timeout. */
    async socketUnreachable(): Promise<void> {
      if (ending) return;
      session.phase = 'accepted';
      await save(false);
    },
    /** The instance answered the upgrade with another status: its bot was not started. */
    async socketRefused(status: number): Promise<void> {
      await end('bot_failed', { status });
    },
    /** `cutOff`: by the instance, without a word. */
    socketClosed(cutOff: boolean): Promise<void> {
      closing ??= socketOver(cutOff);
      return closing;
    },

    /** Its socket will never come. One that has come is left alone. */
    async abandon(): Promise<void> {
      if (entry === 'socket' && session.phase === 'accepted' && !session.stopping) await connectTimedOut();
    },

    /** Ends the session together with its instance; resolves once nothing of it runs. */
    async stop(): Promise<void> {
      if (!ending) {
        session.stopping = true;
        alarms.clear();
        await save(false);
      }
      deps.cutRelays(instance.id, 0);
      await deps.kill(instance, timings.stopGraceSeconds);
    },

    /** The instance has ended, in these words, which are the last of its log where that is why the session ended. */
    async instanceGone(words: string, at?: string): Promise<void> {
      gone = true;
      if (ending) return settled();
      if (session.stopping) return end('stopped', {});
      const stopped = await findMarker(driver, stopMarker).catch(() => undefined);
      if (stopped) return botStopped(stopped.time.toISOString());
      if (entry === 'bot' && (await notSeen())) delete record.accepted;
      const detail = told(instance, words);
      await end('instance_exited', at === undefined ? { detail } : { detail, at });
    },

    /** Lets the session go on without this worker. */
    detach(): void {
      finished = true;
      over.abort();
      alarms.clear();
      for (const release of releases) release();
    },
    onDetach(release: () => void): void {
      releases.push(release);
    },
  };
  return tenancy;
}

function now(): string {
  return new Date().toISOString();
}
