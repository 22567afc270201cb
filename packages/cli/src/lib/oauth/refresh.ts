import type { Client } from '@pipecat-cloud/contract/client';
import { readConfigFile } from '../config-file.js';
import { writeConfigFile } from '../config-write.js';
import { CliError, exitCodes } from '../errors.js';
import type { Io } from '../io.js';
import type { Settings } from '../settings.js';
import { withFileLock } from './file-lock.js';
import { findIssuer } from './issuer.js';
import { needsRefresh } from './needs-refresh.js';
import { requestTokens, TokenRefusal } from './tokens.js';

interface RefreshOptions {
  io: Io;
  settings: Settings;
  /** Carries no token. */
  api: Client;
  warn: (text: string) => void;
}

/**
 * Renews the stored token and returns it. A refresh token serves once, and the server ends the whole sign-in when one comes again; so
 * commands that run at the same time take turns, and the later ones find the work done.
 */
export async function refreshStored({ io, settings, api, warn }: RefreshOptions): Promise<string> {
  const { path } = settings.file;
  return await withFileLock(`${path}.lock`, async () => {
    const file = await readConfigFile(path, io.platform, warn);
    const { token, refresh_token: refreshToken } = file.values;
    if (typeof token !== 'string' || typeof refreshToken !== 'string') throw ended();
    const now: Settings = { ...settings, file, token: { value: token, source: 'file', from: path } };
    if (!needsRefresh(now, new Date())) return token;
    const issuer = await findIssuer(api);
    const renewed = await requestTokens(issuer, { grant_type: 'refresh_token', refresh_token: refreshToken }).catch(
      (error: unknown) => {
        if (error instanceof TokenRefusal && error.code === 'invalid_grant') throw ended();
        throw error;
      },
    );
    await writeConfigFile(path, { ...file.values, ...renewed });
    return renewed.token;
  });
}

const ended = () =>
  new CliError('Your sign-in has ended: it expired, or it was ended in the dashboard or by another client.', {
    exit: exitCodes.credentialRejected,
    code: '401',
    reason: 'expired_token',
    hint: 'Sign in again: pipecat cloud auth login',
  });
