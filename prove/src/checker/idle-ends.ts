import type { History, Trouble, Word } from './history.js';
import { backoffMs, convergeMs, steadyMs } from './limits.js';
import type { Shortfall } from './shortfalls.js';

/** A time in which the product makes no instance of an agent in advance, since idle ones, or those being made, ended in a row. */
export interface Wait {
  agent: string;
  from: number;
  to: number;
}

/** An end that somebody brought about from outside, and when it is known to the product at the latest. */
interface End {
  agent: string;
  at: number;
  knownBy: number;
  /** When the instance was heard last; undefined where nobody has heard of it, and there may have been one. */
  heardAt: number | undefined;
}

/**
 * What docs/capacity.md says of instances that end idle, one after the other. Only ends that the prover brought about are counted: one that
 * ends by itself, or by the product, excuses nothing. Rather counts too many than too few: of what the product forgets meanwhile, not all
 * can be told from outside. Pure.
 */
export function waitsOf(history: History, shortfalls: readonly Shortfall[]): Map<string, Wait[]> {
  const heard = history.troubles.flatMap((trouble) => heardEnds(history, trouble));
  const unheard = history.troubles.flatMap((trouble) => unheardEnds(trouble, shortfalls, heard));
  const ends = [...heard, ...unheard].sort((a, b) => a.at - b.at);
  const byAgent = Map.groupBy(ends, ({ agent }) => agent);
  return new Map([...byAgent].map(([agent, own]) => [agent, waitsIn(history, agent, own)]));
}

function waitsIn(history: History, agent: string, ends: readonly End[]): Wait[] {
  const waits: Wait[] = [];
  let [row, last] = [0, Number.NEGATIVE_INFINITY];
  for (const { at, knownBy, heardAt } of ends) {
    // None was being made: the product waited.
    if (heardAt === undefined && at < last + backoffMs(row)) continue;
    if (isForgotten(history, agent, last, at)) row = 0;
    row++;
    last = at;
    waits.push({ agent, from: at, to: knownBy + backoffMs(row) });
  }
  return waits;
}

/** The end of an idle instance: it says nothing once this trouble with it is over, and the last that it said was that it has no session. */
function heardEnds(history: History, { kind, instance, from, to }: Trouble): End[] {
  const boot = instance === undefined ? undefined : history.boots.get(instance);
  if (kind !== 'instance' || !boot) return [];
  const last = history.words.get(boot.instance)?.at(-1);
  const isTold = history.of('told').some((told) => told.instance === boot.instance);
  const heardAt = last?.at ?? boot.at;
  if (isTold || !isIdle(last) || heardAt > to) return [];
  return [{ agent: `${boot.codeOf}/${boot.agent}`, at: from, knownBy: to, heardAt }];
}

/** One that has not said anything yet, or whose bot has finished. */
function isIdle(word: Word | undefined): boolean {
  if (word?.type === 'end') return word.how === 'finished' || word.how === 'hung-up';
  return !word || word.session === null;
}

/** Where whatever runs is ended, so is what was being made for a pool that is short. */
function unheardEnds({ kind, instance, from, to }: Trouble, shortfalls: readonly Shortfall[], heard: End[]): End[] {
  if (kind !== 'instance' || instance !== undefined) return [];
  // One that is short because of what ended now was not: an instance is heard last somewhat before its end.
  const isOfNow = (short: Shortfall) =>
    heard.some(({ agent, at, heardAt }) => agent === short.agent && heardAt === short.from && at >= from && at <= to);
  return shortfalls
    .filter((short) => short.from < from && (short.to ?? Number.POSITIVE_INFINITY) > from && !isOfNow(short))
    .map(({ agent }) => ({ agent, at: from, knownBy: to, heardAt: undefined }));
}

/** A session that went well, or an instance that stayed, between two ends; by then the product knows it. */
function isForgotten(history: History, agent: string, from: number, to: number): boolean {
  const served = history.stays.some(
    ({ instance, how, to: end }) =>
      agentOf(history, instance) === agent &&
      (how === 'finished' || how === 'hung-up') &&
      end > from &&
      end + convergeMs < to,
  );
  return served || stayed(history, agent, from, to);
}

function stayed(history: History, agent: string, from: number, to: number): boolean {
  return [...history.boots.keys()].some((instance) => {
    if (agentOf(history, instance) !== agent) return false;
    let since: number | undefined;
    return (history.words.get(instance) ?? []).some((word) => {
      const { at } = word;
      since = isIdle(word) ? (since ?? at) : undefined;
      return since !== undefined && at >= since + steadyMs + convergeMs && at > from + convergeMs && at < to;
    });
  });
}

function agentOf(history: History, instance: string): string | undefined {
  const boot = history.boots.get(instance);
  return boot && `${boot.codeOf}/${boot.agent}`;
}
