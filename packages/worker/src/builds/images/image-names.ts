import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, replaceFile } from '../../files.js';

/** Images of builds are never pushed or pulled: no registry can have a name that ends in `.invalid`. */
export const buildRepository = 'pipecat-cloud.invalid/build';

/**
 * How the images of builds are called on the engine. The name holds a code that only this worker can make, kept as `image-names.key` in its
 * folder: an engine gives an image to whoever knows its name, in `FROM` or as an agent's image, and the id of a build is no secret.
 */
export async function openImageNames(workerDir: string): Promise<(buildId: string) => string> {
  const path = join(workerDir, 'image-names.key');
  let key = (await readIfThere(path))?.trim();
  if (!key) {
    key = randomBytes(32).toString('hex');
    await replaceFile(path, `${key}\n`, { durable: true });
  }
  const secret = Buffer.from(key, 'hex');
  return (buildId) => {
    const code = createHmac('sha256', secret).update(buildId).digest('hex').slice(0, 40);
    return `${buildRepository}:${code}-${buildId.slice(0, 80)}`;
  };
}
