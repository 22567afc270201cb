export interface Arguments {
  /** Names to measure, in the order of the known ones. */
  names: string[];
  json: boolean;
}

/** The call was wrong; the message says how it is right. */
export class UsageError extends Error {}

/** Reads `[name…] [--json]`; no name means all of `known`. Throws `UsageError` for anything else. */
export function readArguments(args: readonly string[], known: readonly string[]): Arguments {
  const usage = `Usage: npm run bench -- [name…] [--json]\nKnown names: ${known.join(', ')}`;
  const asked = new Set<string>();
  let json = false;
  for (const arg of args) {
    if (arg === '--json') json = true;
    else if (arg.startsWith('-')) throw new UsageError(`Unknown option '${arg}'.\n${usage}`);
    else if (known.includes(arg)) asked.add(arg);
    else throw new UsageError(`Unknown name '${arg}'.\n${usage}`);
  }
  return { names: known.filter((name) => asked.size === 0 || asked.has(name)), json };
}
