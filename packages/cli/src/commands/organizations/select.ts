import { organizationTable, storedHost, tableAtHost } from '../../lib/config-file.js';
import { writeConfigFile } from '../../lib/config-write.js';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';

/** `organizations select`: writes `org` into the credentials file, after checking that the token reaches it. */
export async function selectOrganization(context: CommandContext, options: { organization?: string }) {
  const api = await context.api();
  const settings = await context.settings();
  const { organizations } = await api.listOrganizations();
  const name =
    options.organization ??
    (await context.choose(
      'Organization',
      organizations.map((found) => ({ value: found.name, label: `${found.name}  ${found.verboseName}` })),
      '--organization NAME',
    ));
  if (!organizations.some((found) => found.name === name)) {
    throw new CliError(`The organization '${name}' can't be reached with the token from ${settings.token?.from}.`, {
      exit: exitCodes.wrongOrganization,
      code: 'WRONG_ORGANIZATION',
      reason: 'wrong_organization',
      hint: `It reaches: ${organizations.map((found) => found.name).join(', ') || 'none'}`,
    });
  }
  const { values } = settings.file;
  const own = organizationTable(values, name);
  // The address lives in the organizations' tables: the choice must not send the stored token elsewhere.
  const tableOf = values.token || own.api_host === undefined ? tableAtHost(own, storedHost(values)) : own;
  await writeConfigFile(settings.file.path, {
    ...values,
    org: name,
    ...(Object.keys(tableOf).length > 0 ? { [name]: tableOf } : {}),
  });
  if (context.io.env.PIPECAT_ORG) {
    context.warn(`PIPECAT_ORG is set to '${context.io.env.PIPECAT_ORG}' and goes before the stored choice.`);
  }
  context.result({ organization: name, configFile: settings.file.path }, () => `Commands work in ${name} from now on.`);
}
