import { createHmac } from 'node:crypto';
import { sessionDuration } from '@pipecat-cloud/contract/deployments';
import type { IceServer } from '@pipecat-cloud/contract/sessions';
import type { IceConfig } from '../config/ice-config.js';
import type { Clock } from '../system.js';

/** As long as any session may last, and a little for one that is set up late. */
const lifetimeSeconds = sessionDuration.maximum + 600;

/**
 * The ICE servers of one session, for callers that ask for them. TURN servers that share a secret with this server get a user name
 * that says until when it is good and a password that is its HMAC, which is what coturn's `use-auth-secret` checks.
 */
export function createIceServers({ urls, turnSecret }: IceConfig, clock: Clock) {
  const isTurn = (url: string) => /^turns?:/.test(url);
  const [stun, turn] = [urls.filter((url) => !isTurn(url)), urls.filter(isTurn)];

  async function credential(sessionId: string) {
    if (!turnSecret) return {};
    const until = Math.floor(clock.now().getTime() / 1000) + lifetimeSeconds;
    const username = `${until}:${sessionId}`;
    return {
      username,
      credential: createHmac('sha1', await turnSecret())
        .update(username)
        .digest('base64'),
    };
  }

  return async (sessionId: string): Promise<IceServer[]> => [
    ...(stun.length > 0 ? [{ urls: stun }] : []),
    ...(turn.length > 0 ? [{ urls: turn, ...(await credential(sessionId)) }] : []),
  ];
}
export type IceServers = ReturnType<typeof createIceServers>;
