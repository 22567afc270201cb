import { configPath, readConfigFile } from '../../lib/config-file.js';
import { removeConfigFile } from '../../lib/config-write.js';
import type { CommandContext } from '../../lib/context.js';
import { shorten } from '../../lib/settings.js';

/** `auth logout`: removes the credentials file, a broken one too. An OAuth sign-in by another client is also revoked. */
export async function logout(context: CommandContext) {
  const { io } = context;
  const path = configPath(io.env, io.cwd);
  const file = await readConfigFile(path, io.platform, context.warn).catch(() => undefined);
  const refreshToken = file?.values.refresh_token;
  const token = file?.values.token;
  if (typeof refreshToken === 'string' && refreshToken && typeof token === 'string') {
    try {
      const api = await context.apiWith(token);
      await api.request('POST', '/auth/logout', { body: { refresh_token: refreshToken }, timeoutMs: 10_000 });
    } catch {
      context.warn('The server could not be told; the sign-in ends there when it expires.');
    }
  }
  const removed = await removeConfigFile(path);
  const fromEnvironment = io.env.PIPECAT_TOKEN !== undefined;
  if (fromEnvironment) context.warn('PIPECAT_TOKEN is still set: commands go on using that token. Unset it too.');
  context.result({ removed, configFile: path, tokenInEnvironment: fromEnvironment }, () =>
    removed
      ? `Signed out: ${shorten(path)} is gone. The token itself stays valid until you revoke it or it expires.`
      : 'Nothing to remove: no credentials are stored.',
  );
}
