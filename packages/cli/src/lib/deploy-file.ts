import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
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
  audioFilter?: string;
  contextDir?: string;
  dockerfile?: string;
  exclude?: string[];
  hasLocal: boolean;
}

export const deployFileName = 'pcc-deploy.toml';

type Check = (value: unknown) => string | undefined;
type Table = Record<string, unknown>;

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a non-empty string');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const texts: Check = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'must be an array of strings';
const textOrTexts: Check = (value) =>
  text(value) && texts(value) ? 'must be a string or an array of strings' : undefined;
/** Setup: one command, as text or split into arguments, or a list of commands that are. */
const steps: Check = (value) =>
  text(value) && !(Array.isArray(value) && value.every((item) => !textOrTexts(item)))
    ? 'must be a string, an array of strings, or an array of such arrays'
    : undefined;
const table: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'must be a table';
const whole =
  (minimum: number, maximum = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum
      ? undefined
      : `must be a whole number ${maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`}`;
const words =
  (...allowed: string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? undefined : `must be one of ${allowed.join(', ')}`;

const topLevel: Record<string, Check> = {
  agent_name: text,
  image: (value) =>
    text(value) ?? (String(value).includes(':') ? undefined : "must name a tag, as in 'team/agent:1.0'"),
  build_id: text,
  image_credentials: text,
  secret_set: text,
  region: text,
  agent_profile: text,
  enable_krisp: flag,
  websocket_auth: words('none', 'token'),
  max_session_duration: whole(60, 14_400),
  scaling: table,
  krisp_viva: table,
  docker: table,
  build: table,
  local: table,
};
const tables: Record<string, Record<string, Check>> = {
  scaling: { min_agents: whole(0), max_agents: whole(1), min_instances: whole(0), max_instances: whole(1) },
  krisp_viva: { audio_filter: words('tel', 'pro') },
  local: { setup: steps, command: textOrTexts },
};

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
  const exclude = build.exclude === undefined ? {} : build.exclude;
  const fault = table(exclude) ?? undefined;
  if (fault) throw fileError(`${name}: 'build.exclude' ${fault}.`);
  check(name, 'build.', pick(build, ['context_dir', 'dockerfile']), { context_dir: text, dockerfile: text });
  check(name, 'build.exclude.', exclude as Table, { patterns: texts });
  if (values.image !== undefined && values.build_id !== undefined) {
    throw fileError(`${name}: 'image' and 'build_id' exclude each other; keep one.`);
  }
  return toDeployFile(path, name, values, build, exclude as Table);
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
    audioFilter: inside(values, 'krisp_viva').audio_filter,
    contextDir: build.context_dir,
    dockerfile: build.dockerfile,
    exclude: exclude.patterns,
    hasLocal: values.local !== undefined,
  };
  // The checks above have seen every type.
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as unknown as DeployFile;
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
