import { badRequest } from '../errors.js';

const dayMs = 24 * 60 * 60 * 1000;
export interface WantedLife {
  expiresInDays?: number | null;
  expiresAt?: string;
  expiresInMinutes?: number;
}

/**
 * When a token ends: what was asked for, or `fallbackDays` from now. Null is no end. Throws 400 for more than one wish and for a time
 * that is past.
 */
export function readEnd(wanted: WantedLife, fallbackDays: number | null, now: Date): string | null {
  const { expiresInDays, expiresAt, expiresInMinutes } = wanted;
  if ([expiresInDays, expiresAt, expiresInMinutes].filter((value) => value !== undefined).length > 1)
    throw badRequest('Say once when the token ends: expiresInDays, expiresInMinutes or expiresAt');
  if (expiresAt !== undefined) return readTime(expiresAt, now);
  if (expiresInMinutes !== undefined) return new Date(now.getTime() + expiresInMinutes * 60_000).toISOString();
  const days = expiresInDays === undefined ? fallbackDays : expiresInDays;
  return days === null ? null : new Date(now.getTime() + days * dayMs).toISOString();
}

/** Was any end asked for? */
export function asksForEnd({ expiresInDays, expiresAt, expiresInMinutes }: WantedLife): boolean {
  return expiresInDays !== undefined || expiresAt !== undefined || expiresInMinutes !== undefined;
}

/** The earlier of two ends; null is no end. */
export function earlier(a: string | null, b: string | null): string | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}

/** True where the first end comes after the second. */
export function outlives(end: string | null, limit: string | null): boolean {
  return limit !== null && (end === null || end > limit);
}

function readTime(text: string, now: Date): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw badRequest(`expiresAt: there is no time '${text}'`);
  if (time <= now) throw badRequest(`expiresAt: ${text} is past`);
  return time.toISOString();
}
