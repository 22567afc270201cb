import type { Settings } from '../settings.js';

/** A token is renewed this long before its end, so that it does not end on its way (contract §3.5). */
const leadSeconds = 60;

/** True for a stored token of a sign-in that is about to end. One from the environment is used as it is. */
export function needsRefresh({ token, file }: Settings, now: Date): boolean {
  if (token?.source !== 'file' || token.value.startsWith('pcc_pat_')) return false;
  const { refresh_token: refreshToken, token_expires_at: expiresAt } = file.values;
  if (typeof refreshToken !== 'string' || refreshToken === '') return false;
  return typeof expiresAt === 'number' && expiresAt > 0 && now.getTime() / 1000 >= expiresAt - leadSeconds;
}
