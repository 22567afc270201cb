import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, usage } from './arguments.js';
import { conclude, isClean } from './conclusion.js';
import { moveEvidence } from './evidence.js';
import { type RunResult, run } from './run.js';

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    say(usage);
    return 0;
  }
  const options = optionsOf(args);
  if (!options) return 2;
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-prove-'));
  say(`Seed ${options.seed}, ${options.minutes} min, driver ${options.driver}, ${options.database}. In ${folder}.`);
  const keep = () =>
    say(`Evidence: ${options.evidence === undefined ? folder : moveEvidence(folder, options.evidence)}`);
  let result: RunResult;
  try {
    result = await run(folder, options, { signal: stop.signal, say });
  } catch (error) {
    keep();
    throw error;
  }
  const { breaches, untried, lines } = result;
  for (const line of lines) say(line);
  for (const { rule, what } of breaches.slice(0, 50)) say(`${rule}: ${what}`);
  if (breaches.length > 50) say(`… and ${breaches.length - 50} more`);
  for (const line of untried) say(line);
  if (!isClean(result) || options.keep) keep();
  else rmSync(folder, { recursive: true, force: true });
  if (stop.signal.aborted) {
    say('Stopped before the end.');
    return 130;
  }
  say(conclude(result, options));
  return isClean(result) ? 0 : 1;
}

/** Undefined, and said in a line, where they make no sense. */
function optionsOf(args: string[]): ReturnType<typeof readArguments> | undefined {
  try {
    return readArguments(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    return undefined;
  }
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(2);
  },
);
