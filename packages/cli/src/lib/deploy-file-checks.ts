import { isRepository } from './git-names.js';
import { isQuantity } from './quantity.js';

/** What is wrong with the value of a key; undefined where it is right. */
export type Check = (value: unknown) => string | undefined;

export const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a non-empty string';
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
export const texts: Check = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'must be an array of strings';
const textOrTexts: Check = (value) =>
  text(value) && texts(value) ? 'must be a string or an array of strings' : undefined;
/** Setup: one command, as text or split into arguments, or a list of commands that are. */
const steps: Check = (value) =>
  text(value) && !(Array.isArray(value) && value.every((item) => !textOrTexts(item)))
    ? 'must be a string, an array of strings, or an array of such arrays'
    : undefined;
export const table: Check = (value) =>
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

/** Kubernetes quantities (contract §13.3); a bare number is one too. */
const quantity: Check = (value) =>
  isQuantity(String(value)) ? undefined : "must be an amount such as '500m', '2' or '4Gi'";
const repo: Check = (value) =>
  typeof value === 'string' && isRepository(value) ? undefined : "must be of the form 'owner/repository'";

export const topLevel: Record<string, Check> = {
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
  reuse: table,
  krisp_viva: table,
  docker: table,
  build: table,
  resources: table,
  architecture: words('amd64', 'arm64'),
  git: table,
  local: table,
};
export const tables: Record<string, Record<string, Check>> = {
  scaling: { min_agents: whole(0), max_agents: whole(1), min_instances: whole(0), max_instances: whole(1) },
  reuse: {
    policy: words('reuse', 'fresh'),
    max_sessions: whole(1, 1_000_000),
    max_memory_percent: whole(1, 100),
  },
  krisp_viva: { audio_filter: words('tel', 'pro') },
  local: { setup: steps, command: textOrTexts },
  resources: { cpu: quantity, memory: quantity },
  git: { repo, branch: text, dockerfile_path: text, subdirectory: text },
};
/** Unknown keys of `[docker]` are passed over, as official clients do; the known ones are checked. */
export const dockerChecks: Record<string, Check> = {
  registry: text,
  registry_username: text,
  registry_url: text,
  auto_latest: flag,
};
