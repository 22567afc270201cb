import { setTimeout as wait } from 'node:timers/promises';
import { NetworkError } from '@pipecat-cloud/contract/client';
import type { CommandContext } from '../context.js';
import { CliError, exitCodes } from '../errors.js';
import type { Credentials } from '../store-credentials.js';
import { refused } from './browser-flow.js';
import { fetchJson, type Issuer } from './issuer.js';
import { requestTokens, TokenRefusal } from './tokens.js';

/** Device authorization (RFC 8628): a code here, typed into a browser anywhere. */
export async function signInByCode(context: CommandContext, issuer: Issuer): Promise<Credentials> {
  if (!issuer.deviceEndpoint) {
    throw new CliError('This server does not sign in with codes.', {
      hint: 'Run auth login on a machine with a browser, or use a token: pipecat cloud auth use-pat',
    });
  }
  const form = { client_id: issuer.clientId, scope: issuer.scopes };
  const { status, body } = await fetchJson(issuer.deviceEndpoint, { form });
  const { device_code: deviceCode, user_code: userCode, verification_uri: page } = body ?? {};
  if (typeof deviceCode !== 'string' || typeof userCode !== 'string' || typeof page !== 'string') {
    const why = String(body?.error_description ?? body?.error ?? `the server answered ${status}`);
    throw refused(String(body?.error ?? ''), why);
  }
  const seconds = typeof body?.expires_in === 'number' ? body.expires_in : 600;
  context.note(
    `Open ${page} in any browser and enter this code, within ${Math.round(seconds / 60)} minutes:\n\n    ${userCode}\n`,
  );
  context.progress.step('Waiting for the code to be entered …');
  const interval = typeof body?.interval === 'number' ? body.interval : 5;
  return await pollForTokens(issuer, deviceCode, interval, Date.now() + seconds * 1000);
}

async function pollForTokens(
  issuer: Issuer,
  deviceCode: string,
  interval: number,
  deadline: number,
): Promise<Credentials> {
  let seconds = interval;
  while (Date.now() < deadline) {
    await wait(seconds * 1000);
    try {
      return await requestTokens(issuer, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: deviceCode,
      });
    } catch (error) {
      // A server that restarts must not cost the person a new code.
      if (error instanceof NetworkError) continue;
      if (!(error instanceof TokenRefusal)) throw error;
      if (error.code === 'authorization_pending') continue;
      if (error.code === 'slow_down') seconds += 5;
      else if (error.code === 'expired_token') break;
      else throw refused(error.code, error.message);
    }
  }
  throw new CliError('The code expired before it was entered.', {
    exit: exitCodes.timedOut,
    code: 'TIMEOUT',
    hint: 'Try again: pipecat cloud auth login',
  });
}
