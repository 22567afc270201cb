import { expect, test } from 'vitest';
import { createLog } from './log.js';
import { createSessions, type SessionRequest } from './sessions.js';

const request: SessionRequest = { id: 'a', body: {}, transport: 'none', maxSeconds: undefined };

test('never holds two sessions, and is free again once the bot has returned', async () => {
  let leave = () => {};
  const ids: string[] = [];
  const bot = async (session: { id: string }) => {
    ids.push(session.id);
    await new Promise<void>((resolve) => {
      leave = resolve;
    });
  };
  const sessions = createSessions({ bot, log: createLog('CRITICAL', () => {}), imageVersion: '1' });
  const first = sessions.start(request);
  expect(sessions.start({ ...request, id: 'b' })).toBeUndefined();
  expect(sessions.current).toBe(first);
  leave();
  expect(await first?.done).toBe(true);
  expect(sessions.start({ ...request, id: 'c' })).toBeDefined();
  expect(ids).toEqual(['a', 'c']);
});

test('a bot that throws at once ends its session like any other', async () => {
  const lines: string[] = [];
  const bot = () => {
    throw new Error('at once');
  };
  const sessions = createSessions({ bot, log: createLog('DEBUG', (line) => lines.push(line)), imageVersion: '1' });
  expect(await sessions.start(request)?.done).toBe(false);
  expect(sessions.current).toBeUndefined();
  expect(lines.map((line) => line.split(' - ')[1]?.slice(0, 8))).toEqual(['Starting', 'The bot ', 'Stopping']);
});
