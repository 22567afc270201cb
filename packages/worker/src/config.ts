import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type DriverKind, driverKinds } from './drivers/driver-kinds.js';
import { parseEngineAddress } from './engine/engine-address.js';
import { type VariableName, variables } from './env.js';

export interface WorkerConfig {
  /** Base URL of the control plane, no trailing slash. */
  controlUrl: string;
  /** Absolute path of the worker's own folder. */
  workerDir: string;
  name: string;
  /** File with a one-time enrolment token, used when there is no credential or it is refused. */
  enrolmentFile: string;
  dataHost: string;
  /** 0 takes any free port. */
  dataPort: number;
  logLevel: string;
  /** Who has started this worker and the control plane beside it; undefined where nobody has. */
  supervisor: string | undefined;
  /** KiB of log a second that an instance may write; 0 for no limit. */
  logRateKib: number;
  /** Undefined leaves it to what is there. */
  driver: DriverKind | undefined;
  /** Address of the container engine; undefined for the usual ones. */
  engine: string | undefined;
  /** The worker's own environment, for the driver to choose from. */
  environment: Environment;
  /** Where secret sets lie that never leave this machine. */
  secretsDir: string;
  /** Names of it that builds and instances get beside what every program needs. */
  passEnvironment: string[];
  /** Days that an image that the worker pulled stays without an instance; 0: for good. */
  imageDays: number;
  /** The operator has seen to it that organizations are kept apart where the engine does not. */
  networksApart: boolean;
  builds: BuildSettings;
}

export interface BuildSettings {
  /** That may run at once. */
  places: number;
  /** The engine's build cache is cut down to it after each build; 0 for never. */
  cacheLimitBytes: number;
  baseImages: 'registry' | 'local';
}

export type Environment = Record<string, string | undefined>;

/** The configuration can't be used; the message names every wrong variable with the way out. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'ConfigError';
  }
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Reads `PIPECAT_CLOUD_*` and `PORT`. Throws `ConfigError` with all problems at once. The one place that reads the environment. */
export function loadConfig(env: Environment = process.env): WorkerConfig {
  const problems: string[] = [];

  const text = (name: VariableName, fallback: string = variables[name].default) => env[name]?.trim() || fallback;

  function port(name: VariableName): number {
    const value = Number(text(name));
    if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
    problems.push(`${name} is '${text(name)}'; it must be a port number from 0 to 65535`);
    return Number(variables[name].default);
  }

  function whole(name: VariableName, least: number, most: number): number {
    const value = Number(text(name));
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`${name} is '${text(name)}'; it must be a whole number from ${least} to ${most}`);
    return Number(variables[name].default);
  }

  const controlUrl = text('PIPECAT_CLOUD_CONTROL_URL', `http://127.0.0.1:${port('PORT')}`).replace(/\/+$/, '');
  if (!/^https?:$/.test(URL.parse(controlUrl)?.protocol ?? '')) {
    problems.push('PIPECAT_CLOUD_CONTROL_URL must be an http:// or https:// URL, such as http://127.0.0.1:7400');
  }
  const name = text('PIPECAT_CLOUD_WORKER_NAME', hostname());
  if (name.length > 100) problems.push('PIPECAT_CLOUD_WORKER_NAME must have at most 100 characters');
  const logLevel = text('PIPECAT_CLOUD_LOG_LEVEL');
  if (!logLevels.includes(logLevel)) {
    problems.push(`PIPECAT_CLOUD_LOG_LEVEL is '${logLevel}'; it must be one of ${logLevels.join(', ')}`);
  }
  const driver = text('PIPECAT_CLOUD_WORKER_DRIVER') || undefined;
  if (driver !== undefined && !isDriverKind(driver)) {
    problems.push(`PIPECAT_CLOUD_WORKER_DRIVER is '${driver}'; it must be one of ${driverKinds.join(', ')}, or empty`);
  }
  const engine = text('PIPECAT_CLOUD_WORKER_ENGINE') || undefined;
  try {
    if (engine !== undefined) parseEngineAddress(engine);
  } catch (error) {
    problems.push(`PIPECAT_CLOUD_WORKER_ENGINE: ${(error as Error).message}`);
  }
  const baseImages = text('PIPECAT_CLOUD_WORKER_BUILD_BASE_IMAGES');
  if (baseImages !== 'registry' && baseImages !== 'local') {
    problems.push(`PIPECAT_CLOUD_WORKER_BUILD_BASE_IMAGES is '${baseImages}'; it must be registry or local`);
  }
  const networksApart = text('PIPECAT_CLOUD_WORKER_NETWORKS_APART');
  if (networksApart !== 'yes' && networksApart !== 'no') {
    problems.push(`PIPECAT_CLOUD_WORKER_NETWORKS_APART is '${networksApart}'; it must be yes or no`);
  }
  const logRateKib = Number(text('PIPECAT_CLOUD_WORKER_LOG_RATE'));
  if (!Number.isInteger(logRateKib) || logRateKib < 0 || logRateKib > 1_048_576) {
    problems.push(
      `PIPECAT_CLOUD_WORKER_LOG_RATE is '${text('PIPECAT_CLOUD_WORKER_LOG_RATE')}'; it must be KiB a second from 0 (no limit) to 1048576`,
    );
  }
  const dataDir = text('PIPECAT_CLOUD_DATA_DIR');
  const workerDir = resolve(text('PIPECAT_CLOUD_WORKER_DIR', join(dataDir, 'worker')));
  const config: WorkerConfig = {
    controlUrl,
    workerDir,
    name,
    enrolmentFile: resolve(text('PIPECAT_CLOUD_WORKER_ENROLMENT_FILE', join(dataDir, 'worker-enrolment'))),
    dataHost: text('PIPECAT_CLOUD_WORKER_DATA_HOST'),
    dataPort: port('PIPECAT_CLOUD_WORKER_DATA_PORT'),
    logLevel,
    supervisor: text('PIPECAT_CLOUD_SUPERVISOR') || undefined,
    logRateKib,
    driver: driver as DriverKind | undefined,
    engine,
    secretsDir: resolve(text('PIPECAT_CLOUD_WORKER_SECRETS_DIR', join(workerDir, 'secrets'))),
    environment: env,
    passEnvironment: text('PIPECAT_CLOUD_WORKER_PASS_ENVIRONMENT')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    imageDays: whole('PIPECAT_CLOUD_WORKER_IMAGE_DAYS', 0, 3650),
    networksApart: networksApart === 'yes',
    builds: {
      places: whole('PIPECAT_CLOUD_WORKER_BUILDS', 1, 64),
      cacheLimitBytes: whole('PIPECAT_CLOUD_WORKER_BUILD_CACHE_GIB', 0, 100_000) * 1024 ** 3,
      baseImages: baseImages === 'local' ? 'local' : 'registry',
    },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

const isDriverKind = (text: string): text is DriverKind => driverKinds.some((kind) => kind === text);
