import { configPath, readConfigFile } from '../../lib/config-file.js';
import { removeConfigFile } from '../../lib/config-write.js';
import { type CommandContext, createContext } from '../../lib/context.js';
import { shorten } from '../../lib/settings.js';

/** `auth logout`: removes the credentials file, a broken one too. A sign-in, also one by another client, ends at the server. */
export async function logout(context: CommandContext) {
  const { io } = context;
  const path = configPath(io.env, io.cwd);
  const file = await readConfigFile(path, io.platform, context.warn).catch(() => undefined);
  const refreshToken = file?.values.refresh_token;
  const token = file?.values.token;
  let ended = false;
  if (typeof refreshToken === 'string' && refreshToken && typeof token === 'string') {
    try {
      // The stored token goes where it was stored with, whatever other token and organization the environment names.
      const stored = createContext({ ...io, env: { ...io.env, PIPECAT_TOKEN: undefined } }, {}, context.output);
      const api = await stored.apiWith(token);
      await api.request('POST', '/auth/logout', { body: { refresh_token: refreshToken }, timeoutMs: 10_000 });
      ended = true;
    } catch {
      context.warn('The server could not be told; the sign-in ends there when it expires.');
    }
  }
  const removed = await removeConfigFile(path);
  const fromEnvironment = io.env.PIPECAT_TOKEN !== undefined;
  if (fromEnvironment) context.warn('PIPECAT_TOKEN is still set: commands go on using that token. Unset it too.');
  const rest = ended
    ? 'The sign-in has ended at the server too.'
    : 'The token itself stays valid until you revoke it or it expires.';
  context.result({ removed, ended, configFile: path, tokenInEnvironment: fromEnvironment }, () =>
    removed ? `Signed out: ${shorten(path)} is gone. ${rest}` : 'Nothing to remove: no credentials are stored.',
  );
}
