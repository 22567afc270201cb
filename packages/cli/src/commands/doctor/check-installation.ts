import { ApiError } from '@pipecat-cloud/contract/client';
import type { InstallationHealth, WorkerHealth } from '@pipecat-cloud/contract/installation';
import type { CommandContext } from '../../lib/context.js';
import { exitCodes } from '../../lib/errors.js';
import { bytes } from '../../lib/format.js';
import { type Check, failure, passed, warned } from '../auth/check-result.js';

/** How the installation is, for its owner; nothing for everybody else, and for servers that do not tell. */
export async function checkInstallation(context: CommandContext): Promise<Check[]> {
  try {
    const health = await (await context.api()).installationHealth();
    return [...health.warnings.map(toCheck), ...parts(health)];
  } catch (error) {
    const told = error instanceof ApiError && error.fromApi && error.status < 500;
    if (told || (error instanceof ApiError && error.status === 404)) return [];
    return [failure(context, 'installation', error)];
  }
}

function toCheck({ code, severity, text, hint }: InstallationHealth['warnings'][number]): Check {
  if (severity === 'warning') return { ...warned('installation', text, hint), reason: code };
  return { ...{ name: 'installation', ok: false, exit: exitCodes.unavailable, reason: code }, text, hint };
}

function parts({ version, database, disk, workers, warnings }: InstallationHealth): Check[] {
  const kind = database.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  const free = disk.freeBytes === null ? '' : `, ${bytes(disk.freeBytes)} of disk free`;
  const latency = database.latencyMs === null ? '' : ` (${database.latencyMs} ms)`;
  return [
    ...(warnings.some(({ code }) => code.startsWith('database'))
      ? []
      : [passed('installation', `release ${version}, ${kind} ${database.version ?? ''}${latency}${free}`)]),
    ...workers.filter(({ connected, engineError }) => connected && engineError === null).map(workerCheck),
  ];
}

function workerCheck({ name, driver, engine, sessions, instances, region }: WorkerHealth): Check {
  const runs = engine ? `${engine.name} ${engine.version}` : driver === 'process' ? 'local processes' : (driver ?? '');
  const where = region === null ? '' : ` in ${region}`;
  return passed('worker', `worker ${name}${where} runs agents as ${runs}: ${instances} now, ${sessions} in a session`);
}
