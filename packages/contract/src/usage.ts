import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

/** A day in UTC. */
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'A day in UTC: 2026-01-31' });

/** Both days are included. Without them, the last thirty days up to today. */
export const UsageQuery = Type.Object({ from: Type.Optional(Day), to: Type.Optional(Day) });
export type UsageQuery = Static<typeof UsageQuery>;

export const UsageDay = Type.Object({
  day: Day,
  sessions: Type.Integer({ description: 'Sessions that began on this day' }),
  sessionSeconds: Type.Integer({ description: 'Warm with a session, summed over all instances' }),
  idleSeconds: Type.Integer({ description: 'Warm without a session, summed over all instances' }),
});
export type UsageDay = Static<typeof UsageDay>;

/** `GET …/usage`: what agents were used and kept warm, by day in UTC; what goes on now is counted up to now. */
export const Usage = Type.Object({
  from: Day,
  to: Day,
  countedSince: Type.Union([Timestamp, Type.Null()], { description: 'Nothing was counted before' }),
  sessionMinuteCents: Type.Number({ description: 'What a minute of a session costs; 0 where nothing is charged' }),
  agents: Type.Array(
    Type.Object({
      agent: Type.String(),
      deleted: Type.Boolean({ description: 'There is no agent of this name any more' }),
      days: Type.Array(UsageDay, { description: 'Rising; days on which nothing was warm are left out' }),
    }),
    { description: 'By name; agents of which nothing was warm are left out' },
  ),
});
export type Usage = Static<typeof Usage>;
