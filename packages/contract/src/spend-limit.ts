import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

const cents = Type.Integer({ minimum: 0, maximum: 100_000_000_000 });

/** What an organization may spend on sessions in a calendar month, and what it has spent. */
export const SpendLimit = Type.Object({
  limitCents: Type.Union([cents, Type.Null()]),
  currentSpendCents: Type.Integer(),
  periodStart: Timestamp,
  periodEnd: Timestamp,
  blocked: Type.Boolean({ description: 'New sessions are refused; those that run go on' }),
  blockedAt: Type.Union([Timestamp, Type.Null()]),
});
export type SpendLimit = Static<typeof SpendLimit>;

/** `null` takes the limit away. */
export const PutSpendLimitBody = Type.Object({ limitCents: Type.Union([cents, Type.Null()]) });
export type PutSpendLimitBody = Static<typeof PutSpendLimitBody>;
