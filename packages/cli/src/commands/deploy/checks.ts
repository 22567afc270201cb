import type { Service } from '@pipecat-cloud/contract/agents';
import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import { CliError, exitCodes, usageError } from '../../lib/errors.js';
import { checkRegion } from '../../lib/regions.js';
import type { DeployPlan } from './options.js';

export interface Ground {
  /** What is deployed under the name now. */
  existing: Service | undefined;
  region: string;
}

/** Looks at the server before anything is built: the agent as it is, the region, the profile, the secret sets. */
export async function surveyGround(api: Client, org: string, plan: DeployPlan): Promise<Ground> {
  const [existing] = await Promise.all([
    orMissing(api.getService(org, plan.name)),
    checkRegion(api, org, plan.region),
    plan.body.agentProfile === undefined ? undefined : checkProfile(api, org, plan.body.agentProfile),
    plan.secretSet === undefined ? undefined : checkSecretSet(api, org, plan.secretSet, '--credentials'),
    plan.pullSecretSet === undefined ? undefined : checkPullSecret(api, org, plan.pullSecretSet, '--secrets'),
    plan.source.kind === 'context' ? checkBuildSets(api, org, plan) : undefined,
  ]);
  // An agent's region is fixed when it is made, so an update that names none stays where it is.
  const region = plan.region ?? existing?.region ?? (await api.getProperties(org)).properties.defaultRegion;
  if (existing && plan.region !== undefined && plan.region !== existing.region) {
    throw usageError(
      `${plan.name} is in region ${existing.region} and can't move to ${plan.region}.`,
      'Deploy it under another name, or delete it first.',
    );
  }
  return { existing, region };
}

/** Servers without a list of profiles decide when they are asked to deploy. */
async function checkProfile(api: Client, org: string, profile: string): Promise<void> {
  const list = await orMissing(api.listAgentProfiles(org));
  if (!list || list.agentProfiles.some(({ apiName }) => apiName === profile)) return;
  const names = list.agentProfiles.filter(({ enabled }) => enabled).map(({ apiName }) => apiName);
  throw usageError(`'${profile}' is no profile of ${org}.`, `Use one of: ${names.join(', ')}`);
}

/** To build with a set asks for no permission to look at it: whoever lacks that one hears from the build. */
async function checkBuildSets(api: Client, org: string, plan: DeployPlan): Promise<void> {
  const { buildSecretSet: set, buildPullSecretSet: pullSet } = plan;
  await Promise.all([
    set === undefined ? undefined : orForbidden(checkSecretSet(api, org, set, '--build-credentials')),
    pullSet === undefined ? undefined : orForbidden(checkPullSecret(api, org, pullSet, '--build-secrets')),
  ]);
}

/** `otherFlag`: the one that takes an image pull secret. */
async function checkSecretSet(api: Client, org: string, set: string, otherFlag: string): Promise<void> {
  try {
    await api.getSecretSet(org, set);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.fromApi) throw error;
    if (error.status === 404) throw missingSet(set, org, `pipecat cloud secrets set ${set} --file .env`);
    if (error.status === 400) {
      throw usageError(`'${set}' is an image pull secret, not a set of secrets.`, `Did you mean ${otherFlag} ${set}?`);
    }
    throw error;
  }
}

/** The server refuses to show pull secrets with a 400: that answer says that it is there (contract §4.6). `otherFlag` takes a set of secrets. */
async function checkPullSecret(api: Client, org: string, set: string, otherFlag: string): Promise<void> {
  try {
    await api.getSecretSet(org, set);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.fromApi) throw error;
    if (error.status === 400) return;
    if (error.status === 404) throw missingSet(set, org, undefined);
    throw error;
  }
  throw usageError(`'${set}' is a set of secrets, not an image pull secret.`, `Did you mean ${otherFlag} ${set}?`);
}

function missingSet(set: string, org: string, command: string | undefined): CliError {
  return new CliError(`There is no secret set '${set}' in ${org}.`, {
    exit: exitCodes.notFound,
    code: '404',
    hint: command ? `Create it with: ${command}` : "'pipecat cloud secrets list' shows those that are there.",
  });
}

const orMissing = <T>(found: Promise<T>) => unlessRefused(found, 404);
const orForbidden = <T>(found: Promise<T>) => unlessRefused(found, 403);

async function unlessRefused<T>(found: Promise<T>, status: number): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (error instanceof ApiError && error.fromApi && error.status === status) return undefined;
    throw error;
  });
}
