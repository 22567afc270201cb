import type { CommandContext } from '../../lib/context.js';
import { CliError } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import type { ContextFile } from '../../lib/pack/list-files.js';
import { mayHoldCredentials, scanFile } from '../../lib/scan/scan-file.js';
import { createCollection, foundLine } from '../token/found.js';

const shown = 5;

/** Refuses a build context with a credential in it: it would be part of the image, for everybody who can pull that. */
export async function refuseCredentials(context: CommandContext, files: readonly ContextFile[]): Promise<void> {
  const collection = createCollection();
  for (const { name, source, sizeBytes } of files) {
    if (sizeBytes === 0 || !seemsToHold(source)) continue;
    await scanFile(source, sizeBytes, (...found) => collection.add(name, ...found)).catch(() => 0);
  }
  const real = collection.found.filter(({ kind, checksum }) => checksum === 'right' && kind !== 'public');
  if (collection.real() === 0) return;
  context.progress.stop();
  const list = real
    .slice(0, shown)
    .map((one) => `\n  ${foundLine(one)}`)
    .join('');
  throw new CliError(
    `The build context has ${plural(collection.real(), 'credential')} in it, so nothing was sent.${list}${real.length > shown ? '\n  …' : ''}`,
    {
      code: 'CREDENTIALS_IN_CONTEXT',
      hint: 'Keep it in a secret set (pipecat cloud secrets set) and leave the file out with .dockerignore. If it was pushed anywhere, revoke it. To deploy all the same: --allow-credentials-in-context',
      data: { found: real },
    },
  );
}

/** What can't be read is told when it is packed. */
function seemsToHold(source: string): boolean {
  try {
    return mayHoldCredentials(source);
  } catch {
    return false;
  }
}
