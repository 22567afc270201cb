import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Reuse } from '@pipecat-cloud/contract/pool';
import { type Check, dockerChecks, table, tables, text, texts, topLevel } from './deploy-file-checks.js';
import { fileError, whyNot } from './errors.js';
import { shorten } from './settings.js';

/** `pcc-deploy.toml` (contract §5) with one table of ours: `[local]`, how a host without a container engine runs the agent. */
export interface DeployFile {
  path: string;
  agentName?: string;
  image?: string;
  buildId?: string;
  imageCredentials?: string;
  secretSet?: string;
  region?: string;
  agentProfile?: string;
  enableKrisp?: boolean;
  websocketAuth?: string;
  maxSessionDuration?: number;
  minAgents?: number;
  maxAgents?: number;
  /** How often an instance serves; ours too. */
  reuse?: Reuse;
  audioFilter?: string;
  contextDir?: string;
  dockerfile?: string;
  /** Of the build's steps, a key of ours in `[build]`; other clients pass it over. */
  buildSecretSet?: string;
  /** Of its base images; a key of ours too. */
  buildImageCredentials?: string;
  exclude?: string[];
  resources?: { cpu: string; memory: string };
  architecture?: string;
  /** A repository to build from (contract §13.3). */
  git?: { repoFullName: string; branch: string; dockerfilePath?: string; subdirectory?: string };
  docker?: { registry?: 'dockerhub' | 'custom'; registryUsername?: string; registryUrl?: string; autoLatest?: boolean };
  hasLocal: boolean;
}

export const deployFileName = 'pcc-deploy.toml';

type Table = Record<string, unknown>;

/** Throws where the file is missing, no TOML, or holds a key or value that isn't known: each with file and key. */
export async function readDeployFile(path: string): Promise<DeployFile> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(`The deploy file ${shorten(path)} can't be read: ${whyNot(error)}.`, undefined, error);
  }
  return parseDeployFile(path, content);
}

/**
 * The file to use: `--config-file`, else `PIPECAT_DEPLOY_CONFIG_PATH`, else `pcc-deploy.toml` in the working
 * directory. Only the last may be missing; then undefined.
 */
export async function findDeployFile(
  io: { cwd: string; env: Readonly<Record<string, string | undefined>> },
  configFile: string | undefined,
): Promise<DeployFile | undefined> {
  const named = configFile ?? (io.env.PIPECAT_DEPLOY_CONFIG_PATH || undefined);
  if (named !== undefined) return readDeployFile(resolve(io.cwd, named));
  try {
    return await readDeployFile(resolve(io.cwd, deployFileName));
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function parseDeployFile(path: string, content: string): Promise<DeployFile> {
  const { parse, TomlError } = await import('smol-toml');
  const name = shorten(path);
  let values: Table;
  try {
    values = parse(content);
  } catch (error) {
    const why = error instanceof TomlError ? (error.message.split('\n')[0] ?? '') : String(error);
    const where = error instanceof TomlError ? `, line ${error.line}` : '';
    throw fileError(`${name} is not valid TOML${where}: ${why.replace(/^Invalid TOML document: /, '')}.`);
  }
  check(name, '', values, topLevel);
  for (const [key, known] of Object.entries(tables)) check(name, `${key}.`, inside(values, key), known);
  if (values.local !== undefined && inside(values, 'local').command === undefined) {
    throw fileError(`${name}: [local] needs 'command', for example: command = ["node", "bot.js"]`);
  }
  const build = inside(values, 'build');
  const exclusions = build.exclude === undefined ? {} : build.exclude;
  const fault = table(exclusions) ?? undefined;
  if (fault) throw fileError(`${name}: 'build.exclude' ${fault}.`);
  check(name, 'build.', pick(build, ['context_dir', 'dockerfile', 'secret_set', 'image_credentials']), {
    context_dir: text,
    dockerfile: text,
    secret_set: text,
    image_credentials: text,
  });
  check(name, 'docker.', pick(inside(values, 'docker'), Object.keys(dockerChecks)), dockerChecks);
  check(name, 'build.exclude.', exclusions as Table, { patterns: texts });
  exclude(name, values, 'image', 'build_id');
  exclude(name, values, 'image', 'git');
  exclude(name, values, 'build_id', 'git');
  exclude(name, values, 'agent_profile', 'resources');
  together(name, values, 'resources', 'cpu', 'memory');
  together(name, values, 'git', 'repo', 'branch');
  return toDeployFile(path, name, values, build, exclusions as Table);
}

function exclude(name: string, values: Table, one: string, other: string): void {
  if (values[one] === undefined || values[other] === undefined) return;
  throw fileError(`${name}: '${one}' and '${other}' exclude each other; keep one.`);
}

function together(name: string, values: Table, key: string, one: string, other: string): void {
  const found = inside(values, key);
  if ((found[one] === undefined) === (found[other] === undefined)) return;
  throw fileError(`${name}: [${key}] needs both '${one}' and '${other}'.`);
}

function toDeployFile(path: string, name: string, values: Table, build: Table, exclude: Table): DeployFile {
  const scaling = inside(values, 'scaling');
  const minAgents = scaling.min_agents ?? scaling.min_instances;
  const maxAgents = scaling.max_agents ?? scaling.max_instances;
  if (typeof maxAgents === 'number' && typeof minAgents === 'number' && maxAgents < minAgents) {
    throw fileError(`${name}: 'scaling.max_agents' (${maxAgents}) is less than 'scaling.min_agents' (${minAgents}).`);
  }
  const found = {
    path,
    agentName: values.agent_name,
    image: values.image,
    buildId: values.build_id,
    imageCredentials: values.image_credentials,
    secretSet: values.secret_set,
    region: values.region,
    agentProfile: values.agent_profile,
    enableKrisp: values.enable_krisp,
    websocketAuth: values.websocket_auth,
    maxSessionDuration: values.max_session_duration,
    minAgents,
    maxAgents,
    reuse: values.reuse && {
      ...pickAs(inside(values, 'reuse'), 'policy', 'policy'),
      ...pickAs(inside(values, 'reuse'), 'max_sessions', 'maxSessions'),
      ...pickAs(inside(values, 'reuse'), 'max_memory_percent', 'maxMemoryPercent'),
    },
    audioFilter: inside(values, 'krisp_viva').audio_filter,
    contextDir: build.context_dir,
    dockerfile: build.dockerfile,
    buildSecretSet: build.secret_set,
    buildImageCredentials: build.image_credentials,
    exclude: exclude.patterns,
    ...newerKeys(values),
    hasLocal: values.local !== undefined,
  };
  // The checks above have seen every type.
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as unknown as DeployFile;
}

function newerKeys(values: Table) {
  const { cpu, memory } = inside(values, 'resources');
  const { repo, branch, dockerfile_path: dockerfilePath, subdirectory } = inside(values, 'git');
  const docker = inside(values, 'docker');
  const more = { ...(dockerfilePath ? { dockerfilePath } : {}), ...(subdirectory ? { subdirectory } : {}) };
  return {
    architecture: values.architecture,
    resources: cpu === undefined ? undefined : { cpu: String(cpu), memory: String(memory) },
    git: repo === undefined ? undefined : { repoFullName: repo, branch, ...more },
    docker: values.docker && {
      ...pickAs(docker, 'registry', 'registry'),
      ...pickAs(docker, 'registry_username', 'registryUsername'),
      ...pickAs(docker, 'registry_url', 'registryUrl'),
      ...pickAs(docker, 'auto_latest', 'autoLatest'),
    },
  };
}

function pickAs(values: Table, key: string, as: string): Table {
  return values[key] === undefined ? {} : { [as]: values[key] };
}

function check(name: string, prefix: string, values: Table, known: Record<string, Check>): void {
  for (const [key, value] of Object.entries(values)) {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined;
    if (!rule) {
      const list = Object.keys(known).join(', ');
      throw fileError(`${name}: unknown key '${prefix}${key}'.`, `Known here: ${list}`);
    }
    const fault = rule(value);
    if (fault) throw fileError(`${name}: '${prefix}${key}' ${fault}.`);
  }
}

function inside(values: Table, key: string): Table {
  return (values[key] ?? {}) as Table;
}

function pick(values: Table, keys: string[]): Table {
  return Object.fromEntries(keys.filter((key) => values[key] !== undefined).map((key) => [key, values[key]]));
}
