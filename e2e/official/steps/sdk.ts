import { expect } from 'vitest';
import { inRoot } from '../../src/support/paths.js';
import { until } from '../../src/support/wait.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';
import { expectRoom, withStandIn } from './daily.js';

interface Answer {
  started?: { sessionId?: string; dailyRoom?: string; dailyToken?: string };
  message?: string;
  code?: string;
}

/** What a program gets from `Session(agent, key, params).start()`. */
async function start(track: Track, agent: string, key: string, data?: object, daily = false): Promise<Answer> {
  const args = [agent, key, data ? JSON.stringify(data) : '', daily ? 'daily' : ''];
  const { code, stdout, text } = await track.script(inRoot('e2e/official/python/sdk.py'), args);
  expect(code, text).toBe(0);
  return JSON.parse(stdout) as Answer;
}

const refusal = (code: string) => ({ code, message: expect.stringMatching(new RegExp(`^${code} - \\S`)) });

/** With two sessions at most, and none yet. */
export const sdkSteps: readonly Step[] = [
  [
    'Session.start()',
    async (track) => {
      const { started } = await start(track, 'bot', track.known.firstKey ?? '');
      expect(Object.keys(started ?? {})).toEqual(['sessionId']);
      track.known.plain = started?.sessionId ?? '';
      const session = await track.api.getSession(track.org, 'bot', track.known.plain);
      expect(session.endedAt).toBeNull();
    },
  ],
  [
    'Session.start() with data',
    async (track) => {
      const { started } = await start(track, 'bot', track.known.firstKey ?? '', { seconds: 3600, words: ['ä', 1] });
      track.known.withData = started?.sessionId ?? '';
      expect(track.known.withData).toMatch(/^[0-9a-f-]{36}$/);
    },
  ],
  [
    'Session.start() at capacity',
    async (track) => {
      expect(await start(track, 'bot', track.known.firstKey ?? '')).toEqual(refusal('429'));
      for (const id of [track.known.plain, track.known.withData]) {
        await track.api.stopSession(track.org, 'bot', id ?? '');
      }
      return 'AgentStartError, code 429';
    },
  ],
  [
    'Session.start() with use_daily',
    async (track) => {
      // The places of the sessions before it are free again a moment after their end.
      const {
        sessionId = '',
        dailyRoom = '',
        dailyToken = '',
      } = await until(
        'a place is free',
        async () => (await start(track, 'bot', track.known.firstKey ?? '', { seconds: 300 }, true)).started,
        60_000,
      );
      expectRoom(track, { dailyRoom, dailyToken });
      await track.api.stopSession(track.org, 'bot', sessionId);
      await track.api.removeDailySettings(track.org);
      const refused = await start(track, 'bot', track.known.firstKey ?? '', { seconds: 300 }, true);
      expect(refused).toMatchObject({ message: expect.stringContaining('createDailyRoom needs a Daily API key') });
      return `returns \`dailyRoom\` and \`dailyToken\`. ${withStandIn}: AgentStartError, code ${refused.code}`;
    },
  ],
  [
    'Session.start() with a wrong key',
    async (track) => {
      const key = track.known.firstKey ?? '';
      const mistyped = `${key.slice(0, -4)}${key.endsWith('0000') ? '1111' : '0000'}`;
      expect(await start(track, 'bot', mistyped)).toEqual(refusal('401'));
      return 'AgentStartError, code 401';
    },
  ],
  [
    'Session.start() without a key',
    async (track) => {
      expect(await start(track, 'bot', '')).toEqual(refusal('PCC-1002'));
      return 'AgentStartError, code PCC-1002, without a request';
    },
  ],
  [
    'Session.start() of an unknown agent',
    async (track) => {
      expect(await start(track, 'nobody', track.known.firstKey ?? '')).toEqual(refusal('404'));
      return 'AgentStartError, code 404';
    },
  ],
];
