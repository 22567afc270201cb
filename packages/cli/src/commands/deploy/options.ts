import type { DeployBody } from '@pipecat-cloud/contract/agents';
import type * as names from '@pipecat-cloud/contract/names';
import type { DeployFile } from '../../lib/deploy-file.js';
import { usageError } from '../../lib/errors.js';
import { checkBranch, checkRepository } from '../../lib/git-names.js';
import type { GitBinding } from '../../lib/github-calls.js';
import type { Resources } from '../../lib/quantity.js';
import { type ReuseFlags, reuseOf } from '../../lib/reuse.js';

/** As commander hands them over; `credentials` is false for `--no-credentials`. */
export interface DeployFlags extends ReuseFlags {
  buildId?: string;
  buildDir?: string;
  dockerfile?: string;
  buildSecrets?: string;
  buildCredentials?: string;
  credentials?: string | false;
  secrets?: string;
  profile?: string;
  resources?: Resources;
  architecture?: 'amd64' | 'arm64';
  repo?: string;
  branch?: string;
  dockerfilePath?: string;
  subdirectory?: string;
  minAgents?: number;
  maxAgents?: number;
  minInstances?: number;
  maxInstances?: number;
  maxSessionDuration?: number;
  region?: string;
  krispVivaAudioFilter?: 'tel' | 'pro';
  enableKrisp?: boolean;
  allowCredentialsInContext?: boolean;
  yes?: boolean;
  force?: boolean;
  strict?: boolean;
  canary?: number;
  /** False for `--no-promote`. */
  promote?: boolean;
  wait: boolean;
  waitTimeout: number;
  buildTimeout: number;
  configFile?: string;
}

/** What to deploy, from flags, then the deploy file, then defaults. */
export interface DeployPlan {
  name: string;
  source:
    | { kind: 'image'; image: string }
    | { kind: 'buildId'; buildId: string }
    | { kind: 'git'; git: GitBinding }
    | { kind: 'context' };
  buildDir: string;
  dockerfile: string;
  /** Whether the Dockerfile was asked for by name, so that nothing else may stand in for it. */
  dockerfileNamed: boolean;
  /** Of the build's steps, not of the agent. */
  buildSecretSet: string | undefined;
  /** Of the build's base images, not of the agent's own. */
  buildPullSecretSet: string | undefined;
  exclude: readonly string[];
  region: string | undefined;
  secretSet: string | undefined;
  pullSecretSet: string | undefined;
  /** All of the request but its source and region. */
  body: Omit<DeployBody, 'image' | 'buildId' | 'region'>;
}

const namePattern: typeof names.agentNamePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])$';

/** Throws usage errors for what is missing or doesn't fit together, before anything is asked of the server. */
export function planDeploy(
  nameArgument: string | undefined,
  imageArgument: string | undefined,
  flags: DeployFlags,
  file: DeployFile | undefined,
): DeployPlan {
  const name = nameArgument ?? file?.agentName;
  if (!name) throw usageError('No agent named.', 'Give its name, or set agent_name in pcc-deploy.toml.');
  if (/[/\\]|^\.+$/.test(name)) {
    throw usageError(
      `'${name}' is a folder, and not the name of an agent.`,
      `To deploy that folder, go there first: cd ${name}. Or name the agent and say where its files are: pipecat cloud deploy NAME --build-dir ${name}`,
    );
  }
  if (name.length > 54 || !new RegExp(namePattern).test(name)) {
    throw usageError(
      `'${name}' can't be the name of an agent.`,
      'Use 2 to 54 lower-case letters, digits and dashes, beginning and ending with a letter or digit.',
    );
  }
  // A minimum is always sent: what neither flag nor file says goes back to 0 (contract §5).
  const minAgents = flags.minAgents ?? flags.minInstances ?? file?.minAgents ?? 0;
  const maxAgents = flags.maxAgents ?? flags.maxInstances ?? file?.maxAgents;
  if (maxAgents !== undefined && maxAgents < minAgents) {
    throw usageError(`--max-agents (${maxAgents}) is less than --min-agents (${minAgents}).`);
  }
  const pullSecretSet = flags.credentials === false ? undefined : (flags.credentials ?? file?.imageCredentials);
  const secretSet = flags.secrets ?? file?.secretSet;
  const { profile, resources } = sizeOf(flags, file);
  const architecture = flags.architecture ?? file?.architecture;
  const audioFilter = flags.krispVivaAudioFilter ?? file?.audioFilter;
  const duration = flags.maxSessionDuration ?? file?.maxSessionDuration;
  const reuse = reuseOf(flags) ?? file?.reuse;
  const enableKrisp = flags.enableKrisp ?? file?.enableKrisp;
  const body = {
    serviceName: name,
    autoScaling: { minAgents, ...(maxAgents === undefined ? {} : { maxAgents }) },
    ...(reuse === undefined ? {} : { reuse }),
    ...(pullSecretSet === undefined ? {} : { imagePullSecretSet: pullSecretSet }),
    ...(secretSet === undefined ? {} : { secretSet }),
    ...(profile === undefined ? {} : { agentProfile: profile }),
    ...(resources === undefined ? {} : { resources }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(audioFilter === undefined ? {} : { krispViva: { audioFilter } }),
    ...(enableKrisp === undefined ? {} : { enableKrisp }),
    ...(duration === undefined ? {} : { maxSessionDuration: duration }),
    ...(file?.websocketAuth === undefined ? {} : { websocketAuth: file.websocketAuth }),
    ...(flags.force ? { forceRedeploy: true } : {}),
    ...rolloutOf(flags),
  } as DeployPlan['body'];
  return {
    name,
    source: chooseSource(imageArgument, flags, file),
    buildDir: flags.buildDir ?? file?.contextDir ?? '.',
    dockerfile: flags.dockerfile ?? file?.dockerfile ?? 'Dockerfile',
    dockerfileNamed: flags.dockerfile !== undefined || file?.dockerfile !== undefined,
    buildSecretSet: flags.buildSecrets ?? file?.buildSecretSet,
    buildPullSecretSet: flags.buildCredentials ?? file?.buildImageCredentials,
    exclude: file?.exclude ?? [],
    region: flags.region ?? file?.region,
    secretSet,
    pullSecretSet,
    body,
  };
}

function rolloutOf({ strict, canary, promote }: DeployFlags): Pick<DeployBody, 'rollout'> {
  const asked = [strict && '--strict', canary !== undefined && '--canary', promote === false && '--no-promote'];
  const given = asked.filter(Boolean);
  if (given.length > 1) {
    throw usageError(
      `${given.join(' and ')} exclude each other.`,
      'Each says when the new deployment gets sessions: give one.',
    );
  }
  if (strict) return { rollout: { strict } };
  if (canary !== undefined) return { rollout: { canaryPercent: canary } };
  return promote === false ? { rollout: { hold: true } } : {};
}

/** A profile or resources, never both: one that a flag names puts the file's other aside. */
function sizeOf(flags: DeployFlags, file: DeployFile | undefined) {
  if (flags.profile !== undefined && flags.resources !== undefined) {
    throw usageError('--profile and --resources exclude each other.', 'A profile is a name for resources: give one.');
  }
  if (flags.resources !== undefined) return { profile: undefined, resources: flags.resources };
  if (flags.profile !== undefined) return { profile: flags.profile, resources: undefined };
  return { profile: file?.agentProfile, resources: file?.resources };
}

/** Flags before the file's `[git]`, one by one (contract §13.3). */
function gitSource(flags: DeployFlags, file: DeployFile | undefined): GitBinding | undefined {
  const named = flags.repo ?? flags.branch ?? flags.dockerfilePath ?? flags.subdirectory;
  if (named === undefined && file?.git === undefined) return undefined;
  const repoFullName = flags.repo ?? file?.git?.repoFullName;
  const branch = flags.branch ?? file?.git?.branch;
  if (!repoFullName || !branch) {
    throw usageError('A repository to build from needs both --repo OWNER/REPOSITORY and --branch BRANCH.');
  }
  checkRepository(repoFullName);
  checkBranch(branch);
  const dockerfilePath = flags.dockerfilePath ?? file?.git?.dockerfilePath;
  const subdirectory = flags.subdirectory ?? file?.git?.subdirectory;
  return {
    ...{ repoFullName, branch },
    ...(dockerfilePath === undefined ? {} : { dockerfilePath }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
  };
}

/** A flag or argument goes before the file's; a build id before an image (contract §4.6); neither means: build. */
function chooseSource(
  image: string | undefined,
  flags: DeployFlags,
  file: DeployFile | undefined,
): DeployPlan['source'] {
  const git = gitSource(flags, file);
  if (git) {
    if (image !== undefined || flags.buildId !== undefined || flags.buildDir !== undefined || flags.dockerfile) {
      throw usageError(
        `${git.repoFullName} is what to build from, and an image, a build or a directory is named as well.`,
        'Give one source. The Dockerfile inside the repository is --dockerfile-path.',
      );
    }
    return { kind: 'git', git };
  }
  if (flags.buildId !== undefined) return { kind: 'buildId', buildId: flags.buildId };
  if (image !== undefined) return { kind: 'image', image };
  // Naming a directory asks for a build, whatever image the file holds.
  if (flags.buildDir !== undefined || flags.dockerfile !== undefined) return { kind: 'context' };
  if (file?.buildId !== undefined) return { kind: 'buildId', buildId: file.buildId };
  if (file?.image !== undefined) return { kind: 'image', image: file.image };
  return { kind: 'context' };
}
