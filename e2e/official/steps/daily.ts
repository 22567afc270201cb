import { expect } from 'vitest';
import { until } from '../../src/support/wait.js';
import type { Outcome } from '../driver.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';

/** With no session yet. The organization has a Daily API key from here on. */
export const dailySteps: readonly Step[] = [
  [
    'agent start',
    async (track) => {
      if (!track.thorough) return;
      const properties = JSON.stringify({ start_video_off: true });
      const start = ['agent', 'start', 'bot', '--force', '--use-daily', '--daily-properties', properties];
      expect(await track.fails(start)).toContain('createDailyRoom needs a Daily API key');
      await track.api.putDailySettings(track.org, { apiKey: track.daily.apiKey });
      // The places of the sessions before it are free again a moment after their end.
      const text = await until('a place is free', async () => joined(await track.run(start)), 60_000);
      const [, dailyRoom = '', dailyToken = ''] = /Join your session .* (https:\S+)\?t=(\S+)/.exec(text) ?? [];
      const room = expectRoom(track, { dailyRoom, dailyToken });
      expect(track.daily.rooms.get(room)?.properties).toMatchObject({ start_video_off: true });
      const { sessions } = await track.api.listSessions(track.org, 'bot');
      const session = sessions.find(({ endedAt }) => endedAt === null);
      await track.api.stopSession(track.org, 'bot', session?.sessionId ?? '');
      await until('the room is gone', () => !track.daily.rooms.has(room));
      return `\`--use-daily\`: prints the link into a room of its own, which ends with the session. ${withStandIn}`;
    },
  ],
  [
    'auth whoami',
    async (track) => {
      if (!track.thorough) return;
      expect(await track.ok(['auth', 'whoami'])).toContain(`Daily API Key ${track.daily.apiKey}`);
      return 'shows the Daily API key only to a token whose grant names `daily_key:read`';
    },
  ],
];

const joined = ({ code, text }: Outcome) => code === 0 && text.includes('Join your session') && text;

/** What stood in for it, and what an installation without a key does. */
export const withStandIn =
  'Daily was a stand-in for its REST API. Without a Daily API key it is refused, and told how to set one';

/** Returns the room's name. */
export function expectRoom({ daily }: Track, answer: { dailyRoom: string; dailyToken: string }): string {
  const name = answer.dailyRoom.split('/').at(-1) ?? '';
  expect(daily.rooms.get(name)).toMatchObject({ privacy: 'private' });
  expect(daily.tokens.get(answer.dailyToken)).toMatchObject({ room_name: name });
  return name;
}
