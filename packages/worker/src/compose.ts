import type { WorkerMessage } from '@pipecat-cloud/contract/worker';
import { workerProtocolVersion } from '@pipecat-cloud/contract/worker-protocol';
import { type Logger, pino } from 'pino';
import { createChannel } from './channel.js';
import { carryOut } from './commands.js';
import type { WorkerConfig } from './config.js';
import { type ChosenDriver, chooseDriver } from './drivers/choose-driver.js';
import { createDriver } from './drivers/create-driver.js';
import type { Driver } from './drivers/driver.js';
import { createEnrolment } from './enrolment.js';
import { makeFolder } from './files.js';
import { createIceEndpoint } from './ice/ice-endpoint.js';
import { openInstallation } from './installation.js';
import { answerMetrics, createMetrics, makeMetricsToken } from './metrics.js';
import { createOutbox } from './outbox.js';
import { openDataServer } from './relay/data-server.js';
import { createHandOvers } from './relay/hand-overs.js';
import { createRelays } from './relay/relays.js';
import { readStatus } from './status.js';
import { createTeller } from './teller.js';
import { defaultTimings, type Timings } from './timings.js';
import { composeWorkload, type Workload } from './workload.js';

export interface Overrides {
  log?: Logger;
  /** Makes the driver, once the installation is known. */
  driver?: (installationId: string) => Promise<Driver>;
  timings?: Partial<Timings>;
}

export interface Worker {
  /**
   * Resolves once instances are adopted, the data port listens and the control plane has welcomed this worker, to what people should know
   * of it; rejects when that can't be.
   */
  ready: Promise<string[]>;
  /** Ends every instance and waits until its end and its last lines are reported, as far as somebody listens. */
  removeInstances(): Promise<void>;
  /** Takes what the process that has started this one sends, with the connection that may come beside it. */
  receive(message: unknown, handle: unknown): void;
  /** Lets go of everything in reverse order, ready or not. Instances and their sessions go on. */
  close(): Promise<void>;
}

/** Builds the worker: with `workload.ts` the only place where its parts are put together. */
export function compose(config: WorkerConfig, overrides: Overrides = {}): Worker {
  const log = overrides.log ?? pino({ level: config.logLevel, name: 'worker' });
  const timings = { ...defaultTimings, ...overrides.timings };
  const { controlUrl, workerDir, enrolmentFile, name } = config;
  const closers: (() => Promise<void> | void)[] = [];
  const handOvers = createHandOvers(config.supervisor);
  const closing = new AbortController();
  /** Rejects as soon as closing begins, for what may be waited for without an end. */
  const closed = new Promise<never>((_, reject) => {
    closing.signal.addEventListener('abort', () => reject(new Error('the worker is closing')), { once: true });
  });
  closed.catch(() => undefined);
  let removeInstances = async (): Promise<void> => undefined;

  /** What is made after closing has begun is closed at once. */
  async function onClose(close: () => Promise<void> | void): Promise<void> {
    if (closing.signal.aborted) await close();
    else closers.push(close);
  }

  async function makeDriver(
    chosen: ChosenDriver,
    installationId: string,
    credential: () => Promise<string | undefined>,
  ): Promise<Driver> {
    if (overrides.driver) return overrides.driver(installationId);
    const { environment, passEnvironment, builds, imageDays, networksApart } = config;
    const ice = await createIceEndpoint({ workerDir, controlUrl, credential, log });
    await onClose(ice.close);
    const settings = { environment, passEnvironment, builds, imageDays, networksApart };
    const options = { directory: workerDir, installationId, log, ...settings };
    return await createDriver(chosen, { ...options, iceConfigUrl: ice.urlAt });
  }

  async function start(): Promise<string[]> {
    const { environment, engine } = config;
    const chosen = await chooseDriver({ kind: config.driver, engine, environment, directory: workerDir });
    log.info({ driver: chosen.kind, why: chosen.why }, 'driver chosen');
    await makeFolder(workerDir);
    const installation = await openInstallation(workerDir, log);
    const relays = createRelays();
    let driver: Driver | undefined;
    let workload: Workload | undefined;
    await makeMetricsToken(workerDir);
    const metrics = createMetrics({
      instances: () => workload?.instances.observed() ?? [],
      logCounts: () => workload?.logCounts() ?? { lines: 0, leftOut: 0 },
      waitingReports: () => outbox.size(),
      connected: () => channel.isOpen(),
    });
    const data = await openDataServer({
      host: config.dataHost,
      port: config.dataPort,
      key: installation.hopKey,
      instance: (instanceId) => workload?.instances.get(instanceId),
      driver: () => driver,
      relays,
      handOvers,
      metrics: (req, res) => answerMetrics(metrics, workerDir, req, res),
      log,
    });
    await onClose(data.close);

    const enrolment = createEnrolment({ controlUrl, workerDir, enrolmentFile, name, log });
    const outbox = createOutbox((message) => channel.send(message));
    const teller = createTeller({ ...timings, tell: () => observed().map(channel.send) });
    const keptTeller = createTeller({
      observeMs: timings.keptMs,
      leastMs: timings.leastMs,
      tell: () => void tellKept(),
    });
    const greeted = Promise.withResolvers<void>();
    const channel = createChannel({
      controlUrl,
      enrolment,
      outbox,
      timings,
      log,
      greeting: () => [
        { type: 'hello', version: workerProtocolVersion, driver: chosen.kind, dataUrl: data.url, ...machine() },
        ...observed(),
      ],
      async onWelcome(welcome) {
        await installation.welcome(welcome);
        log.info({ workerId: welcome.workerId }, 'linked to the control plane');
        keptTeller.changed();
        tellStatus();
        tellUnusedImages();
        greeted.resolve();
      },
      onCommand: async (command) => carryOut(await working, command),
    });

    /** Nothing until it is known what runs here: an empty list would say that nothing does. */
    function observed(): WorkerMessage[] {
      if (!workload) return [];
      const { instances, builds } = workload;
      return [{ type: 'observed', instances: instances.observed(), builds: builds.underWay() }];
    }

    async function tellKept(): Promise<void> {
      try {
        const builds = await workload?.builds.kept();
        if (builds) channel.send({ type: 'kept-builds', builds });
      } catch (err) {
        log.warn({ err }, 'it could not be found out which builds are kept; they are looked for again later');
      }
    }

    function tellUnusedImages(): void {
      driver?.unusedImages?.().then(
        (images) => images.length > 0 && channel.send({ type: 'unused-images', images }),
        (err: unknown) =>
          log.warn({ err }, 'it could not be found out which images are unused; it is tried again later'),
      );
    }

    function tellStatus(): void {
      const logLinesLeftOut = () => workload?.logCounts().leftOut ?? 0;
      readStatus({ driver: () => driver, workerDir, logLinesLeftOut }).then(
        (status) => channel.send({ type: 'status', status }),
        (err: unknown) => log.debug({ err }, 'the state of this machine could not be told'),
      );
    }

    async function work(): Promise<Workload> {
      const installationId = await Promise.race([installation.installationId(), closed]);
      driver = await makeDriver(chosen, installationId, enrolment.credential);
      await driver.check();
      workload = await composeWorkload({
        driver,
        workerDir,
        secretsDir: config.secretsDir,
        buildPlaces: config.builds.places,
        outbox,
        relays,
        timings,
        // A start may print a lot at once; what goes on for long is a flood.
        logRate: { bytesPerSecond: config.logRateKib * 1024, burstBytes: config.logRateKib * 1024 * 16 },
        log,
        context: { controlUrl, credential: enrolment.credential },
        changed: teller.changed,
        keptChanged: keptTeller.changed,
        askFor: (buildId) => void channel.send({ type: 'build-missing', buildId }),
      });
      // Closing could not see it before.
      if (closing.signal.aborted) await closeWorkload();
      teller.changed();
      keptTeller.changed();
      tellUnusedImages();
      return workload;
    }

    async function closeWorkload(): Promise<void> {
      await workload?.close();
      await driver?.close();
    }

    removeInstances = async () => workload?.instances.removeAll(2);
    await onClose(closeWorkload);
    await onClose(teller.close);
    await onClose(keptTeller.close);
    const telling = [
      setInterval(tellStatus, timings.statusMs).unref(),
      setInterval(tellUnusedImages, timings.unusedImagesMs).unref(),
    ];
    await onClose(() => telling.forEach(clearInterval));
    const working = work();
    working.catch(() => undefined); // Awaited below, and by each command.
    channel.start();
    // Closed first: what is said last is acknowledged no more, and said again next time.
    await onClose(channel.close);
    await working;
    await Promise.race([greeted.promise, closed]);
    return [`Driver             ${chosen.kind}: ${chosen.why}`];
  }

  const ready = start();
  ready.catch(() => undefined); // The caller may look at it later, or never after closing.
  return {
    ready,
    removeInstances: () => removeInstances(),
    receive: handOvers.receive,
    async close() {
      closing.abort();
      for (const close of closers.splice(0).reverse()) await close();
      // A start that was under way makes files no more.
      await ready.catch(() => undefined);
    },
  };
}

/** In the words of container images. */
function machine(): { architecture?: string } {
  const known: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
  const architecture = known[process.arch];
  return architecture ? { architecture } : {};
}
