import type { CommandContext } from '../../lib/context.js';

export interface ConfirmOptions {
  yes?: boolean;
  skip?: boolean;
  force?: boolean;
}

export async function unsetSecret(context: CommandContext, set: string, key: string, options: ConfirmOptions) {
  if (!options.yes && !options.skip && !options.force) {
    await context.confirm(`Remove ${key} from ${set}? Its value can't be brought back.`, '--yes');
  }
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.deleteSecret(org, set, key);
  context.result({ ...answer, set, key }, () => `${key} is removed from ${set}.`);
}
