import type { CommandContext } from '../../lib/context.js';
import type { ConfirmOptions } from './unset.js';

export async function deleteSet(context: CommandContext, set: string, options: ConfirmOptions) {
  if (!options.yes && !options.skip && !options.force) {
    await context.confirm(
      `Delete the secret set ${set} with all its keys? Their values can't be brought back.`,
      '--yes',
    );
  }
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.deleteSecretSet(org, set);
  context.result({ ...answer, set }, () => `Secret set ${set} is deleted.`);
}
