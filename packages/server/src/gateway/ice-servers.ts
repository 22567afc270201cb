import { createHmac } from 'node:crypto';
import { sessionDuration } from '@pipecat-cloud/contract/agent-limits';
import type { IceServer } from '@pipecat-cloud/contract/sessions';
import type { IceConfig } from '../config/ice-config.js';
import type { Clock } from '../system.js';

/** As long as any session may last, and a little for one that is set up late. */
const lifetimeSeconds = sessionDuration.maximum + 600;

/**
 * The ICE servers of one session or instance, for browsers that ask for them and for agents. TURN servers that share a secret with this
 * server get a user name that says until when it is good and a password that is its HMAC, which is what coturn's `use-auth-secret`
 * checks; others the name and password that they were given for all.
 */
export function createIceServers({ urls, turn }: IceConfig, clock: Clock) {
  const isTurn = (url: string) => /^turns?:/.test(url);
  const [stunUrls, turnUrls] = [urls.filter((url) => !isTurn(url)), urls.filter(isTurn)];

  async function credential(user: string) {
    if (!turn) return {};
    if ('password' in turn) return { username: turn.username, credential: await turn.password() };
    const until = Math.floor(clock.now().getTime() / 1000) + lifetimeSeconds;
    const username = `${until}:${user}`;
    return {
      username,
      credential: createHmac('sha1', await turn.secret())
        .update(username)
        .digest('base64'),
    };
  }

  /** `user`: what TURN servers see, such as the session's id. */
  return async (user: string): Promise<IceServer[]> => [
    ...(stunUrls.length > 0 ? [{ urls: stunUrls }] : []),
    ...(turnUrls.length > 0 ? [{ urls: turnUrls, ...(await credential(user)) }] : []),
  ];
}
export type IceServers = ReturnType<typeof createIceServers>;
