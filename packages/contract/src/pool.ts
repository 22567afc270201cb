import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

/** How often an instance serves. Given, it replaces what was set before as a whole; without a limit it serves one session after another. */
export const Reuse = Type.Object({
  policy: Type.Optional(
    Type.Enum(['reuse', 'fresh'], {
      description: '`fresh` makes a new process for each session; `reuse` is the default',
    }),
  ),
  maxSessions: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'An instance is replaced after so many sessions' }),
  ),
  maxMemoryPercent: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'An instance that holds more of its memory than this after a session is replaced',
    }),
  ),
});
export type Reuse = Static<typeof Reuse>;

/** What an idle target rests on. */
export const CapacityInputs = Type.Object({
  minAgents: Type.Integer(),
  maxAgents: Type.Integer(),
  busy: Type.Integer({ description: 'Places that are neither idle nor free' }),
  active: Type.Integer({ description: 'Instances with a session' }),
  arrivalsPerSecond: Type.Number({
    description: 'Sessions asked for, those refused too; half of a burst is forgotten after 20 s',
  }),
  startSecondsP95: Type.Union([Type.Number(), Type.Null()], {
    description: 'From order to ready, of the last 50 instances; null before the first',
  }),
});

export const CapacityDecision = Type.Object({
  target: Type.Integer({ description: 'Idle instances to keep' }),
  reason: Type.Enum(['minimum', 'arrivals', 'active', 'limit', 'none']),
  why: Type.String({ description: 'The reason in a sentence' }),
  inputs: CapacityInputs,
});

/** `GET …/services/{name}/capacity`: what is warm, and why so many. */
export const Capacity = Type.Object({
  maxAgents: Type.Integer(),
  free: Type.Integer({ description: 'Places without an instance' }),
  starting: Type.Integer(),
  idle: Type.Integer({ description: 'Ready, without a session' }),
  active: Type.Integer({ description: 'With a session' }),
  settling: Type.Integer({ description: 'Their session has ended, their bot has not said so yet' }),
  quarantined: Type.Integer({ description: 'Their bot was not known to have finished: never used again' }),
  leaving: Type.Integer({ description: 'Being removed' }),
  waiting: Type.Integer({ description: 'Callers that wait for a place' }),
  reuse: Reuse,
  now: Type.Union([CapacityDecision, Type.Null()], { description: 'Null while no deployment is live' }),
  decisions: Type.Array(Type.Object({ at: Timestamp, ...CapacityDecision.properties }), {
    description: 'Each time that the target or its reason changed, newest first; the last hundred are kept',
  }),
});
export type Capacity = Static<typeof Capacity>;
