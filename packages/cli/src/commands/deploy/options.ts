import type { DeployBody } from '@pipecat-cloud/contract/agents';
import type * as names from '@pipecat-cloud/contract/names';
import type { DeployFile } from '../../lib/deploy-file.js';
import { usageError } from '../../lib/errors.js';

/** As commander hands them over; `credentials` is false for `--no-credentials`. */
export interface DeployFlags {
  buildId?: string;
  buildDir?: string;
  dockerfile?: string;
  credentials?: string | false;
  secrets?: string;
  profile?: string;
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
  wait: boolean;
  waitTimeout: number;
  buildTimeout: number;
  configFile?: string;
}

/** What to deploy, from flags, then the deploy file, then defaults. */
export interface DeployPlan {
  name: string;
  source: { kind: 'image'; image: string } | { kind: 'buildId'; buildId: string } | { kind: 'context' };
  buildDir: string;
  dockerfile: string;
  /** Whether the Dockerfile was asked for by name, so that nothing else may stand in for it. */
  dockerfileNamed: boolean;
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
  const profile = flags.profile ?? file?.agentProfile;
  const audioFilter = flags.krispVivaAudioFilter ?? file?.audioFilter;
  const duration = flags.maxSessionDuration ?? file?.maxSessionDuration;
  const enableKrisp = flags.enableKrisp ?? file?.enableKrisp;
  const body = {
    serviceName: name,
    autoScaling: { minAgents, ...(maxAgents === undefined ? {} : { maxAgents }) },
    ...(pullSecretSet === undefined ? {} : { imagePullSecretSet: pullSecretSet }),
    ...(secretSet === undefined ? {} : { secretSet }),
    ...(profile === undefined ? {} : { agentProfile: profile }),
    ...(audioFilter === undefined ? {} : { krispViva: { audioFilter } }),
    ...(enableKrisp === undefined ? {} : { enableKrisp }),
    ...(duration === undefined ? {} : { maxSessionDuration: duration }),
    ...(file?.websocketAuth === undefined ? {} : { websocketAuth: file.websocketAuth }),
    ...(flags.force ? { forceRedeploy: true } : {}),
  } as DeployPlan['body'];
  return {
    name,
    source: chooseSource(imageArgument, flags, file),
    buildDir: flags.buildDir ?? file?.contextDir ?? '.',
    dockerfile: flags.dockerfile ?? file?.dockerfile ?? 'Dockerfile',
    dockerfileNamed: flags.dockerfile !== undefined || file?.dockerfile !== undefined,
    exclude: file?.exclude ?? [],
    region: flags.region ?? file?.region,
    secretSet,
    pullSecretSet,
    body,
  };
}

/** A flag or argument goes before the file's; a build id before an image (contract §4.6); neither means: build. */
function chooseSource(
  image: string | undefined,
  flags: DeployFlags,
  file: DeployFile | undefined,
): DeployPlan['source'] {
  if (flags.buildId !== undefined) return { kind: 'buildId', buildId: flags.buildId };
  if (image !== undefined) return { kind: 'image', image };
  // Naming a directory asks for a build, whatever image the file holds.
  if (flags.buildDir !== undefined || flags.dockerfile !== undefined) return { kind: 'context' };
  if (file?.buildId !== undefined) return { kind: 'buildId', buildId: file.buildId };
  if (file?.image !== undefined) return { kind: 'image', image: file.image };
  return { kind: 'context' };
}
