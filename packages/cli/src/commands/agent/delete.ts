import type { CommandContext } from '../../lib/context.js';

export async function deleteAgent(context: CommandContext, name: string, options: { force?: boolean; yes?: boolean }) {
  if (!options.force && !options.yes) {
    const { organization } = await context.settings();
    const where = organization ? ` from ${organization.value}` : '';
    await context.confirm(
      `Delete ${name}${where}, with its logs and session history? Sessions that run go on to their end.`,
      '--force',
    );
  }
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.deleteService(org, name);
  context.result({ ...answer, name }, () => `Agent ${name} is deleted.`);
}
