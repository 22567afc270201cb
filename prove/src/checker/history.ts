import type { Event, FaultKind } from './event.js';
import { convergeMs } from './limits.js';

type Of<Type extends Event['type']> = Extract<Event, { type: Type }>;

/** What an instance says of whether it has a session. */
export type Word = Of<'beat' | 'begin' | 'end'>;

/** One stay of a session on an instance, as the instance saw it. */
export interface Stay {
  instance: string;
  session: string;
  request: string;
  organization: string;
  from: number;
  /** When its bot ended, or when it was last heard of. */
  to: number;
  /** Until when it said that it would not be heard of. */
  silentTo: number;
  /** Undefined: it vanished without a word. */
  how: Of<'end'>['how'] | undefined;
  told: boolean;
}

export interface Request extends Of<'start'> {
  answeredAt?: number;
  status?: number;
  session?: string;
}

export interface Limit extends Of<'limit'> {
  answeredAt?: number;
  status?: number;
}

export interface Trouble {
  kind: FaultKind;
  instance: string | undefined;
  from: number;
  to: number;
}

export type History = ReturnType<typeof readHistory>;

/** Puts events together by what they are about. They may come in any order; pure. */
export function readHistory(unsorted: readonly Event[]) {
  const events = [...unsorted].sort((a, b) => a.at - b.at);
  const of = <Type extends Event['type']>(type: Type) =>
    events.filter((event): event is Of<Type> => event.type === type);
  const boots = new Map(of('boot').map((boot) => [boot.instance, boot]));
  const requests = readRequests(of('start'), of('started'));
  const isWord = (event: Event): event is Word => ['beat', 'begin', 'end'].includes(event.type);
  return {
    events,
    of,
    boots,
    /** By instance, in order. */
    words: Map.groupBy(events.filter(isWord), ({ instance }) => instance),
    requests,
    /** By agent, in the order in which they were asked for. */
    limits: readLimits(of('limit'), of('limited')),
    stays: readStays(events),
    troubles: readTroubles(of('fault'), of('fault-over')),
    stops: firstOf(of('stop')),
    hangUps: firstOf(of('hang-up')),
    cuts: firstOf(of('cut')),
    looks: Map.groupBy(of('seen'), ({ session }) => session),
    lastAt: events.at(-1)?.at ?? 0,
  };
}

function readRequests(starts: readonly Of<'start'>[], answers: readonly Of<'started'>[]): Map<string, Request> {
  const requests = new Map<string, Request>(starts.map((start) => [start.request, { ...start }]));
  for (const { request, at, status, session } of answers) {
    const asked = requests.get(request);
    if (!asked) continue;
    asked.answeredAt = at;
    if (status !== undefined) asked.status = status;
    if (session !== undefined) asked.session = session;
  }
  return requests;
}

function readLimits(limits: readonly Of<'limit'>[], answers: readonly Of<'limited'>[]): Map<string, Limit[]> {
  const byCall = new Map(answers.map((answer) => [answer.call, answer]));
  const all = limits.map((limit): Limit => {
    const { at: answeredAt, status } = byCall.get(limit.call) ?? {};
    return {
      ...limit,
      ...(answeredAt === undefined ? {} : { answeredAt }),
      ...(status === undefined ? {} : { status }),
    };
  });
  return Map.groupBy(all, ({ organization, agent }) => `${organization}/${agent}`);
}

function readStays(events: readonly Event[]): Stay[] {
  const stays: Stay[] = [];
  const open = new Map<string, Stay>();
  for (const event of events) {
    if (event.type === 'begin') {
      const { instance, session, request, organization, at } = event;
      const stay = {
        instance,
        session,
        request,
        organization,
        from: at,
        to: at,
        silentTo: at,
        how: undefined,
        told: false,
      };
      stays.push(stay);
      open.set(`${instance} ${session}`, stay);
    }
    if (event.type !== 'beat' && event.type !== 'hang' && event.type !== 'told' && event.type !== 'end') continue;
    const stay = event.session === null ? undefined : open.get(`${event.instance} ${event.session}`);
    if (!stay) continue;
    stay.to = event.at;
    if (event.type === 'hang') stay.silentTo = event.until;
    if (event.type === 'told') stay.told = true;
    if (event.type !== 'end') continue;
    stay.how = event.how;
    open.delete(`${event.instance} ${event.session}`);
  }
  return stays;
}

function readTroubles(faults: readonly Of<'fault'>[], overs: readonly Of<'fault-over'>[]): Trouble[] {
  const ends = new Map(overs.map(({ fault, at }) => [fault, at]));
  return faults.map(({ fault, kind, instance, at }) => ({
    kind,
    instance,
    from: at,
    to: ends.get(fault) ?? Number.POSITIVE_INFINITY,
  }));
}

function firstOf(events: readonly { session: string; at: number }[]): Map<string, number> {
  return new Map([...events].reverse().map(({ session, at }) => [session, at]));
}

/** A yes. */
export const accepted = (status: number | undefined) => status !== undefined && status >= 200 && status < 300;
/** A no that says that nothing was done. */
export const refused = (status: number | undefined) => status !== undefined && status >= 400;

/** Whether something of these kinds went on between two moments. */
export function troubled(history: History, kinds: readonly FaultKind[], from: number, to: number): boolean {
  return history.troubles.some((trouble) => kinds.includes(trouble.kind) && trouble.from <= to && trouble.to >= from);
}

/** For how long after a moment something of these kinds went on, what began within ten seconds of its end included. */
export function troubleAfter(history: History, kinds: readonly FaultKind[], moment: number): number {
  let calm = moment;
  for (const { kind, from, to } of [...history.troubles].sort((a, b) => a.from - b.from)) {
    if (kinds.includes(kind) && from <= calm + convergeMs && to > calm) calm = to;
  }
  return Math.min(calm, history.lastAt) - moment;
}
