import { access, chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { redact } from '@pipecat-cloud/contract/token-format';
import { pino } from 'pino';
import { type CredentialDigests, createCredentialDigests } from './access/credential-digests.js';
import { exists, firstTokenEnd } from './bootstrap.js';
import { compose } from './compose.js';
import { type Config, ConfigError, readConfig } from './config/config.js';
import { openKeys } from './config/keys.js';
import { createHandOver, type SendUp } from './gateway/hand-over.js';
import { createPeriodic } from './periodic.js';
import { systemClock } from './system.js';

/** The parent that supervises this process, where there is one. */
const tell = (message: object) => process.send?.(message);

/** How often it is looked whether the supervisor is still there. */
const orphanedMs = 2000;

async function start(): Promise<void> {
  const config = readConfig(process.env);
  await prepareDataDirectory(config.dataDirectory);
  const keys = await openKeys(join(config.dataDirectory, 'keys.json'));
  const log = pino({ level: config.logLevel, base: { process: 'control-plane' } });
  const plane = await compose(config, keys, log, {
    // Where no mail server is set, the terminal of whoever runs the installation is the channel. Not the log file.
    terminal: (text) => tell({ type: 'notice', text }),
    handOver: createHandOver(config.supervisor, process.send?.bind(process) as SendUp | undefined),
  });
  try {
    await plane.http.listen({ port: config.port, host: config.host });
  } catch (error) {
    await plane.close();
    throw error;
  }
  // Offered again while no worker is there: one that died halfway through its enrolment has lost both token and credential. Not where
  // another control plane takes the workers: a token that nobody needs would lie there for good.
  const offers = createPeriodic({
    run: async () => {
      const wanted =
        plane.workers.leads() && plane.workers.pick() === undefined && !(await exists(config.workerEnrolmentFile));
      if (wanted) await plane.enrolment.offer(config.workerEnrolmentFile);
    },
    intervalMs: 10_000,
    onError: (err) => log.error({ err }, 'no enrolment token could be offered'),
  });
  if (plane.workers.leads()) await plane.enrolment.offer(config.workerEnrolmentFile);
  offers.start();

  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    const closed = offers.close().then(() => plane.close());
    closed.catch((err: unknown) => {
      log.error({ err }, 'closing failed');
      process.exitCode = 1;
    });
    if (process.connected) process.disconnect();
  };
  process.on('SIGHUP', () => void plane.reloadCertificate());
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
  // The supervisor is gone: nobody would restart or stop this process.
  process.once('disconnect', close);
  // Node does not tell where it has gone while a connection was being handed to it.
  if (process.connected) setInterval(() => process.connected || close(), orphanedMs).unref();

  const { port } = plane.http.server.address() as { port: number };
  log.info({ port, dataDirectory: config.dataDirectory }, 'control plane listens');
  tell({ type: 'ready', port, notes: await notes(config, plane, createCredentialDigests(keys.peppers)) });
}

async function notes(
  config: Config,
  plane: Awaited<ReturnType<typeof compose>>,
  digests: CredentialDigests,
): Promise<string[]> {
  const { bootstrapped, signIn, store } = plane;
  const lines = [`API and dashboard  ${config.publicUrl}`, `Data               ${config.dataDirectory}`];
  const end = await firstTokenEnd({ config, store, digests, clock: systemClock });
  if (end)
    lines.push(`First token        ${config.bootstrap.tokenFile} (until ${end.slice(0, 16).replace('T', ' ')} UTC)`);
  const claimed = bootstrapped.headless || (await store.signIn.hasUsedCode(bootstrapped.ownerId, 'setup'));
  if (!claimed) {
    // In the fragment, which browsers send to no server: it reaches no log.
    lines.push(
      `Set up your owner account (one use, 24 hours): ${config.publicUrl}/setup#code=${await signIn.createSetupCode(bootstrapped.ownerId)}`,
    );
  }
  return lines;
}

async function prepareDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    await access(directory, 2);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError([
      `The data folder ${directory} cannot be used (${code}). Choose another with PIPECAT_CLOUD_DATA_DIR`,
    ]);
  }
}

/** One clear line for what the person who starts this can mend; the whole error for what is ours. */
function explain(error: unknown): string {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (error instanceof ConfigError) return message;
  if (code === 'EADDRINUSE')
    return `Port ${process.env.PORT ?? 7400} is in use. Stop what listens there, or choose another with PORT`;
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return `Cannot listen there (${code}): check PORT and PIPECAT_CLOUD_HOST`;
  return message ?? stack ?? String(error);
}

start().catch((error: unknown) => {
  process.stderr.write(`${redact(explain(error))}\n`);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
