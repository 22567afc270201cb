import type { Event } from './event.js';

type Untimed = Event extends infer One ? (One extends Event ? Omit<One, 'at'> : never) : never;
type How = Extract<Event, { type: 'end' }>['how'];
const seconds = (at: number) => at * 1000;

/** A hand-made history, in which nothing is wrong until something is added. Times are seconds. */
export class Story {
  readonly events: Event[] = [{ at: 0, type: 'wall', unix: 0 }];

  add(at: number, event: Untimed): this {
    this.events.push({ at: seconds(at), ...event } as Event);
    return this;
  }

  boot(instance: string, { secretsOf = 'north', codeOf = 'north', at = 0 } = {}): this {
    return this.add(at, { type: 'boot', instance, pid: 1, secretsOf, codeOf, agent: 'barista', version: 'good' });
  }

  /** It says so at the beginning and at the end. */
  idle(instance: string, from: number, to: number): this {
    for (const at of [from, to]) this.add(at, { type: 'beat', instance, session: null });
    return this;
  }

  /** With `null` as status no answer came. */
  limit(sessions: number, at = 0, status: number | null = 200, warm = 0): this {
    const call = `limit ${this.events.length}`;
    this.add(at, { type: 'limit', call, organization: 'north', agent: 'barista', sessions, warm });
    return this.add(at, { type: 'limited', call, ...(status === null ? {} : { status }) });
  }

  asked(request: string, at: number, entry: 'bot' | 'socket' = 'bot'): this {
    return this.add(at, { type: 'start', request, organization: 'north', agent: 'barista', entry, capMs: 60_000 });
  }

  /** Without a status no answer came. */
  answered(request: string, at: number, status?: number, session?: string): this {
    const answer = { ...(status === undefined ? {} : { status }), ...(session === undefined ? {} : { session }) };
    return this.add(at, { type: 'started', request, ...answer });
  }

  begun(session: string, instance: string, at: number, organization = 'north'): this {
    return this.add(at, { type: 'begin', instance, session, request: `r-${session}`, organization });
  }

  ended(session: string, instance: string, at: number, how: How = 'finished'): this {
    return this.add(at, { type: 'end', instance, session, how });
  }

  /** Without an end it is active. */
  seen(session: string, at: number, ended?: number, { reason = 'completed', asked = at - 0.01 } = {}): this {
    const look = { type: 'seen', session, asked: seconds(asked) } as const;
    if (ended === undefined) return this.add(at, { ...look, state: 'active' });
    return this.add(at, { ...look, state: 'ended', ended: seconds(ended), reason });
  }

  /** A whole session as it should be. */
  session(session: string, instance: string, from: number, to: number): this {
    const request = `r-${session}`;
    this.asked(request, from - 0.1)
      .begun(session, instance, from)
      .answered(request, from + 0.1, 200, session);
    return this.ended(session, instance, to).seen(session, to + 0.3, to);
  }

  trouble(kind: Extract<Event, { type: 'fault' }>['kind'], from: number, to: number, instance?: string): this {
    const fault = `fault ${this.events.length}`;
    this.add(from, { type: 'fault', fault, kind, ...(instance === undefined ? {} : { instance }) });
    return this.add(to, { type: 'fault-over', fault });
  }
}
