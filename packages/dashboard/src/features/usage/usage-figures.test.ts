import type { Usage } from '@pipecat-cloud/contract/usage';
import { expect, test } from 'vitest';
import { csvOf, idleShare, inWords, minutes, percent, seriesByAgent, seriesByUse, totalsOf } from './usage-figures';
import { measureOf, rangeOf, spanOf, timesOf } from './usage-range';

const now = new Date('2026-05-31T23:00:00.000Z');
const day = (name: string, sessionSeconds: number, idleSeconds: number) => ({
  ...{ day: name, sessions: 1, sessionSeconds, idleSeconds },
});
const agent = (name: string, sessionSeconds: number, idleSeconds = 0) => ({
  ...{ agent: name, deleted: false, days: [day('2026-05-30', sessionSeconds, idleSeconds)] },
});
const times = timesOf({ from: '2026-05-29', to: '2026-05-31' });

test('an address without days means the last thirty up to today, in UTC; one with days means those', () => {
  expect(rangeOf({}, now)).toEqual({ from: '2026-05-02', to: '2026-05-31' });
  expect(rangeOf({ days: '7' }, now)).toEqual({ from: '2026-05-25', to: '2026-05-31' });
  expect(rangeOf({ days: '7', from: '2026-01-01', to: '2026-01-03' }, now)).toEqual({
    from: '2026-01-01',
    to: '2026-01-03',
  });
  expect(rangeOf({ days: '1e9', from: '2026-02-30', to: '<b>' }, now)).toEqual(rangeOf({}, now));
  expect([spanOf({}), spanOf({ days: '90' }), spanOf({ from: '2026-01-01' })]).toEqual(['30', '90', undefined]);
  expect([measureOf({ show: 'idle' }), measureOf({ show: 'x' })]).toEqual(['idle', 'sessions']);
});

test('each day has a time, those on which nothing was warm too', () => {
  expect(times.map((time) => new Date(time).toISOString().slice(0, 10))).toEqual([
    ...['2026-05-29', '2026-05-30', '2026-05-31'],
  ]);
});

test('the largest agents have a row of their own, the rest is added up', () => {
  const agents = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => agent(name, 60 * (index + 1)));
  const series = seriesByAgent(agents, times, 'sessions');
  expect(series.map(({ name }) => name)).toEqual(['g', 'f', 'e', 'd', 'c', '2 others']);
  expect(series.map(({ values }) => values)).toEqual([7, 6, 5, 4, 3, 3].map((value) => [0, value, 0]));
  // A single one left would need no fewer rows.
  expect(seriesByAgent(agents.slice(1), times, 'sessions')).toHaveLength(6);
});

test('idle time is what is warm and serves nobody', () => {
  const agents = [agent('a', 60, 180)];
  expect(seriesByAgent(agents, times, 'warm')[0]?.values).toEqual([0, 4, 0]);
  expect(seriesByUse(agents, times).map(({ values }) => values[1])).toEqual([1, 3]);
  expect(percent(idleShare(totalsOf(agents)))).toBe('75%');
  expect(percent(idleShare(totalsOf([])))).toBe('–');
});

test('a second is neither drawn nor told as nothing', () => {
  const [sessions, idle] = seriesByUse([agent('a', 30, 1)], times);
  expect(sessions?.values[1]).toBe(0.5);
  expect(idle?.values[1]).toBeCloseTo(1 / 60);
  expect([1 / 60, 0.5, 1.25, 61, 1234.56].map(minutes)).toEqual(['0.0167', '0.5', '1.25', '61', '1,234.6']);
  expect([1 / 60, 1.25].map(inWords)).toEqual(['1 s', '1.25 min']);
});

test('the download has a row for each agent and day, in the order of the days', () => {
  const usage = { agents: [{ ...agent('b', 1), days: [day('2026-05-02', 1, 2), day('2026-05-01', 3, 4)] }] };
  expect(csvOf(usage as Usage)).toBe(
    'day,agent,sessions,session_seconds,idle_seconds\r\n2026-05-01,b,1,3,4\r\n2026-05-02,b,1,1,2\r\n',
  );
});
