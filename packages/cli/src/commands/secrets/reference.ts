import type { CommandContext } from '../../lib/context.js';
import { checkRegion } from '../../lib/regions.js';
import { checkSetName } from '../../lib/secret-input.js';

/** `secrets reference`: makes a set known whose values lie on the machines of a region and never come here. */
export async function referenceSecrets(context: CommandContext, name: string, { region }: { region: string }) {
  checkSetName(name);
  const [api, org] = [await context.api(), await context.org()];
  await checkRegion(api, org, region);
  const set = await api.referenceSecretSet(org, { name, region });
  context.result(
    set,
    () => `${name} refers to values in ${region}. Deploy with it: pipecat cloud deploy --secrets ${name}`,
  );
}
