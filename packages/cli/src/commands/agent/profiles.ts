import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { checkQuantities } from '../../lib/quantity.js';

export interface ProfileOptions {
  cpu?: string;
  memory?: string;
  displayName?: string;
}

export async function listProfiles(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { agentProfiles } = await api.listAgentProfiles(org);
  const { dim } = context.colours;
  context.result({ agentProfiles }, () =>
    context.list(
      `No agent profiles in ${org}.`,
      ['NAME', 'TITLE', 'CPU', 'MEMORY', 'SOURCE', 'ENABLED'],
      agentProfiles.map(({ apiName, displayName, resources, custom, enabled }) => [
        apiName,
        displayName,
        resources.cpu,
        resources.memory,
        custom ? 'custom' : 'platform',
        enabled ? 'yes' : 'no',
      ]),
      { paint: (text, row) => (agentProfiles[row]?.enabled === false ? dim(text) : text) },
    ),
  );
}

export async function createProfile(
  context: CommandContext,
  name: string,
  options: ProfileOptions & { cpu: string; memory: string },
) {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw usageError(
      `'${name}' can't be the name of a profile.`,
      'Use up to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit.',
    );
  }
  const { cpu, memory } = options;
  checkQuantities({ cpu, memory });
  const [api, org] = [await context.api(), await context.org()];
  const profile = await api.createAgentProfile(org, {
    apiName: name,
    displayName: options.displayName ?? name,
    resources: { cpu, memory },
  });
  context.result(
    profile,
    () => `Profile ${name} is made: ${cpu} CPU, ${memory}. Deploy with it: pipecat cloud deploy --profile ${name}`,
  );
}

/** What runs keeps its size; the next deployment gets the new one. */
export async function updateProfile(context: CommandContext, name: string, options: ProfileOptions) {
  const { cpu, memory, displayName } = options;
  if ((cpu === undefined) !== (memory === undefined)) throw usageError('--cpu and --memory go together.');
  if (cpu === undefined && displayName === undefined) {
    throw usageError('Nothing to change.', 'Give --cpu and --memory, --display-name, or all three.');
  }
  if (cpu !== undefined && memory !== undefined) checkQuantities({ cpu, memory });
  const [api, org] = [await context.api(), await context.org()];
  const profile = await api.patchAgentProfile(org, name, {
    ...(displayName === undefined ? {} : { displayName }),
    ...(cpu === undefined || memory === undefined ? {} : { resources: { cpu, memory } }),
  });
  context.result(profile, () => `Profile ${name} is changed. Agents get it with their next deployment.`);
}

const enabling = (enabled: boolean) => async (context: CommandContext, name: string) => {
  const [api, org] = [await context.api(), await context.org()];
  const profile = await api.patchAgentProfile(org, name, { enabled });
  context.result(profile, () =>
    enabled
      ? `Profile ${name} can be chosen again.`
      : `Profile ${name} can't be chosen any more. Agents that have it go on: pipecat cloud agent profiles enable ${name} brings it back.`,
  );
};
export const enableProfile = enabling(true);
export const disableProfile = enabling(false);
