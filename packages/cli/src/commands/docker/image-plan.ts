import { arch } from 'node:process';
import type { DeployFile } from '../../lib/deploy-file.js';
import { usageError } from '../../lib/errors.js';

export interface BuildPushOptions {
  registry?: 'dockerhub' | 'custom';
  username?: string;
  registryUrl?: string;
  /** `--version` of the official client; not the program's own. */
  version?: string;
  platform?: string;
  /** False for `--no-push`, `--no-latest`. */
  push: boolean;
  latest: boolean;
  yes?: boolean;
  configFile?: string;
}

export interface ImagePlan {
  /** Every name that the image gets; the first has the version. */
  tags: string[];
  platform: string;
  push: boolean;
}

interface Named {
  registry?: 'dockerhub' | 'custom';
  registryUrl?: string;
  username?: string;
  agent?: string;
  version?: string;
}

/** Each value from its option, then the file's `image`, then its `[docker]` table, then the default (contract §4.5). */
export function planImage(
  nameArgument: string | undefined,
  options: BuildPushOptions,
  file: DeployFile | undefined,
): ImagePlan {
  const image = file?.image === undefined ? {} : parseImage(file.image);
  const docker = file?.docker ?? {};
  const agent = nameArgument ?? image.agent ?? file?.agentName;
  if (!agent) throw usageError('No agent named.', 'Give its name, or set agent_name in pcc-deploy.toml.');
  const version = options.version ?? image.version ?? 'latest';
  const base = options.push ? remoteName(agent, options, image, docker) : agent;
  const latest = options.latest && (docker.autoLatest ?? true);
  const tags = [`${base}:${version}`, ...(latest && version !== 'latest' ? [`${base}:latest`] : [])];
  for (const tag of tags) checkTag(tag);
  return { tags, platform: options.platform ?? `linux/${file?.architecture ?? ownArchitecture()}`, push: options.push };
}

function remoteName(
  agent: string,
  options: BuildPushOptions,
  image: Named,
  docker: NonNullable<DeployFile['docker']>,
): string {
  const registry = options.registry ?? image.registry ?? docker.registry;
  const username = options.username ?? image.username ?? docker.registryUsername;
  const url = options.registryUrl ?? image.registryUrl ?? docker.registryUrl;
  const hint = 'Or set it in the [docker] table of pcc-deploy.toml; to build without pushing: --no-push';
  if (!registry) throw usageError('No registry to push to: pass --registry dockerhub or --registry custom.', hint);
  if (!username) throw usageError('No user of the registry: pass --username NAME.', hint);
  if (registry === 'dockerhub') return `${username}/${agent}`;
  if (!url) throw usageError('A registry of your own needs its address: pass --registry-url HOST.', hint);
  return `${url.replace(/^https?:\/\//, '').replace(/\/+$/, '')}/${username}/${agent}`;
}

/** `user/agent:tag` is on Docker Hub, `host/user/agent:tag` elsewhere. */
export function parseImage(image: string): Named {
  const parts = image.split('/');
  const [agent = '', version = 'latest'] = (parts.at(-1) ?? '').split(':', 2);
  if (parts.length === 2 && parts[0]) return { registry: 'dockerhub', username: parts[0], agent, version };
  if (parts.length === 3 && parts[0] && parts[1]) {
    return { registry: 'custom', registryUrl: parts[0], username: parts[1], agent, version };
  }
  return { agent, version };
}

function checkTag(tag: string): void {
  const name = /^(?:[a-zA-Z0-9.-]+(?::[0-9]+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
  if (!name.test(tag)) {
    throw usageError(
      `'${tag}' is no name for an image.`,
      'Names take lower-case letters, digits and . _ - between them.',
    );
  }
}

export function ownArchitecture(): string {
  return arch === 'x64' ? 'amd64' : arch;
}
