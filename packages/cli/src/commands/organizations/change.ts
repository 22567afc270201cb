import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';

export async function createOrganization(context: CommandContext, name: string, options: { title?: string }) {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])$/.test(name) || name.length > 63) {
    throw usageError(
      `'${name}' is no name for an organization.`,
      'Use 2 to 63 lower-case letters, digits and dashes, with no dash at the ends. --title takes any text.',
    );
  }
  const api = await context.api();
  const answer = await api.createOrganization({
    name,
    ...(options.title === undefined ? {} : { verboseName: options.title }),
  });
  context.result(
    answer,
    () => `Organization ${name} is created. Work in it with: pipecat cloud organizations select -o ${name}`,
  );
}

/** The title alone: the name stands in every client's configuration. */
export async function renameOrganization(context: CommandContext, title: string) {
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.updateOrganization(org, { verboseName: title });
  context.result(answer, () => `The title of ${org} is '${title}' now.`);
}

export async function deleteOrganization(
  context: CommandContext,
  name: string,
  options: { force?: boolean; yes?: boolean },
) {
  if (!options.force && !options.yes) {
    await context.confirm(
      `Delete the organization ${name} with its agents, secrets, keys and service accounts? There is no way back.`,
      '--force',
    );
  }
  const api = await context.api();
  const answer = await api.deleteOrganization(name);
  context.result({ ...answer, name }, () => `Organization ${name} is deleted.`);
  const { organization } = await context.settings();
  if (organization?.value === name) {
    context.warn(
      `Commands still look for ${name} (from ${organization.from}): choose another with 'organizations select'.`,
    );
  }
}

/** What comes first in the list, for clients that have no organization configured. */
export async function setDefaultOrganization(context: CommandContext, name: string) {
  const api = await context.api();
  await api.setDefaultOrganization({ defaultOrganization: name });
  context.result(
    { defaultOrganization: name },
    () => `${name} comes first from now on, wherever no organization is configured.`,
  );
}
