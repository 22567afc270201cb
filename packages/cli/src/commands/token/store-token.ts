import { readConfigFile } from '../../lib/config-file.js';
import { writeConfigFile } from '../../lib/config-write.js';
import type { CommandContext } from '../../lib/context.js';

/**
 * Puts a new secret in the place of `old` in the credentials file. False, with the reason as a warning, where that can't be done:
 * then the secret exists nowhere else, and the caller must show it.
 */
export async function replaceStoredToken(context: CommandContext, old: string, value: string): Promise<boolean> {
  const { file } = await context.settings();
  try {
    // Read again: another command may have written it since this one began.
    const { values } = await readConfigFile(file.path, context.io.platform, context.warn);
    if (typeof values.token !== 'string' || values.token.trim() !== old) {
      context.warn(`${file.path} holds another token by now, so it was left as it is.`);
      return false;
    }
    await writeConfigFile(file.path, { ...values, token: value });
    return true;
  } catch (error) {
    context.warn(error instanceof Error ? error.message : String(error));
    return false;
  }
}
