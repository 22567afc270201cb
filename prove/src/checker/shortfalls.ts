import type { History } from './history.js';
import { limitsInForce } from './limits-in-force.js';

/** A time in which an agent had fewer idle instances than it should have had at the least, as far as can be told from outside. */
export interface Shortfall {
  agent: string;
  from: number;
  /** Undefined: it lasts. */
  to: number | undefined;
  /** At its end, or by now. */
  idle: number;
  wanted: number;
}

/** What becomes more or less at a moment. */
interface Change {
  at: number;
  agent: string;
  /** Instances without a session. */
  idle: number;
  /** Instances with one, and callers who wait for one: they may have been given a place already. */
  taken: number;
}

/** An agent beats four times a second; one that lives may be silent for so long on a busy machine. */
const silentMs = 2_500;

/**
 * When agents had fewer idle instances than their limits ask for: the warm ones, as far as places are left. An agent that has not had
 * so many yet is being set up, and left out. Pure.
 */
export function shortfallsOf(history: History): Shortfall[] {
  const changes = [...ofInstances(history), ...ofCallers(history), ...ofLimits(history)];
  return [...Map.groupBy(changes, ({ agent }) => agent)].flatMap(([agent, own]) => shortfallsIn(history, agent, own));
}

function shortfallsIn(history: History, agent: string, changes: readonly Change[]): Shortfall[] {
  const found: Shortfall[] = [];
  let [idle, taken, isSetUp] = [0, 0, false];
  let open: Shortfall | undefined;
  for (const [at, together] of [...Map.groupBy(changes, (change) => change.at)].sort(([a], [b]) => a - b)) {
    for (const change of together) {
      idle += change.idle;
      taken += change.taken;
    }
    const each = limitsInForce(history, agent, at, at).map(({ warm, sessions }) => Math.min(warm, sessions - taken));
    const wanted = Math.min(...each, Number.MAX_SAFE_INTEGER);
    isSetUp ||= each.length > 0 && idle >= wanted;
    if (!isSetUp || idle >= wanted) {
      if (open) open.to = at;
      open = undefined;
      continue;
    }
    if (!open) {
      open = { agent, from: at, to: undefined, idle, wanted };
      found.push(open);
    }
    Object.assign(open, { idle, wanted });
  }
  return found;
}

/** An instance is idle from its first word without a session until a session begins, and gone with its last. */
function ofInstances(history: History): Change[] {
  return [...history.words].flatMap(([instance, own]) => {
    const boot = history.boots.get(instance);
    if (!boot) return [];
    const agent = `${boot.codeOf}/${boot.agent}`;
    const [idle, taken, gone] = [
      { idle: 1, taken: 0 },
      { idle: 0, taken: 1 },
      { idle: 0, taken: 0 },
    ] as const;
    const changes: Change[] = [];
    let before: { idle: number; taken: number } = gone;
    const become = (at: number, now: { idle: number; taken: number }) => {
      if (now !== before) changes.push({ at, agent, idle: now.idle - before.idle, taken: now.taken - before.taken });
      before = now;
    };
    for (const { type, at, session } of own) become(at, type === 'end' || session === null ? idle : taken);
    const last = own.at(-1)?.at ?? boot.at;
    if (last + silentMs < history.lastAt) become(last, gone);
    return changes;
  });
}

/** Who was told that every place is taken had none; whoever else waits for a session may have been given one already. */
function ofCallers(history: History): Change[] {
  const begun = new Map(history.stays.map(({ request, from }) => [request, from]));
  return [...history.requests.values()].flatMap(({ request, organization, agent: name, at, answeredAt, status }) => {
    if (status === 429) return [];
    const agent = `${organization}/${name}`;
    const over = [begun.get(request), answeredAt].filter((moment) => moment !== undefined);
    const came: Change = { at, agent, idle: 0, taken: 1 };
    return over.length === 0 ? [came] : [came, { ...came, at: Math.min(...over), taken: -1 }];
  });
}

/** Moments at which others may come into force. */
function ofLimits(history: History): Change[] {
  return [...history.limits].flatMap(([agent, limits]) =>
    limits.flatMap(({ at, answeredAt }) =>
      [at, answeredAt]
        .filter((moment) => moment !== undefined)
        .map((moment) => ({ at: moment, agent, idle: 0, taken: 0 })),
    ),
  );
}
