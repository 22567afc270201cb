import { randomBytes, randomUUID } from 'node:crypto';

export interface Clock {
  now(): Date;
}
/** `id` is a UUID, which clients of the contract expect; `hex` is for secrets. */
export interface Ids {
  id(): string;
  hex(bytes: number): string;
}

/** Milliseconds of a clock that no one sets: for how long something lasts, within this process. */
export const monotonicMs = (): number => performance.now();

export const systemClock: Clock = { now: () => new Date() };
export const systemIds: Ids = { id: () => randomUUID(), hex: (bytes) => randomBytes(bytes).toString('hex') };
