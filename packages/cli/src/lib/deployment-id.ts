import type { Client } from '@pipecat-cloud/contract/client';
import { CliError, exitCodes, usageError } from './errors.js';

/** What tables show of an id, and more of it. */
const cutId = /^[0-9a-f]{8}(-[0-9a-f-]{0,26})?$/;
/** Shorter beginnings are too easily another's. */
const leastOfId = 4;

/** As `wholeDeploymentId`; but whatever tables do not show is left as it is: the lines of a deployment may be kept for longer than it is listed. */
export async function deploymentIdOf(api: Client, org: string, name: string, given: string): Promise<string> {
  return cutId.test(given) ? await wholeDeploymentId(api, org, name, given) : given;
}

/**
 * The id of the deployment that begins so, of those that are listed. Throws a usage error for a beginning that is too short or not of
 * one alone, and exit 8 for none.
 */
export async function wholeDeploymentId(api: Client, org: string, name: string, start: string): Promise<string> {
  if (start.length < leastOfId) {
    throw usageError(
      `'${start}' is too short for the beginning of an id.`,
      `Give at least ${leastOfId} characters of it.`,
    );
  }
  const { deployments } = await api.listDeployments(org, name);
  const found = deployments.filter(({ id }) => id.startsWith(start));
  if (found.length === 1 && found[0]) return found[0].id;
  if (found.length > 1) {
    throw usageError(`${found.length} deployments of ${name} begin with '${start}'.`, 'Give more of the id.');
  }
  throw new CliError(`${name} has no deployment '${start}'.`, {
    exit: exitCodes.notFound,
    code: '404',
    hint: `Those that it has: pipecat cloud agent history ${name}`,
  });
}
