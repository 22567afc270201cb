import { readFileSync } from 'node:fs';
import { configPath } from './config-file.js';
import { usageError } from './errors.js';
import type { Io } from './io.js';

/** `rich` for eyes on a terminal, `plain` for lines that scripts cut, `json` for one document. */
export const outputModes = ['rich', 'plain', 'json'] as const;
export type OutputMode = (typeof outputModes)[number];

/** The words of a command line without `--json` and `--output`, which may stand anywhere before `--`, and what they said last. */
export function takeOutputOptions(args: readonly string[]): { rest: string[]; asked: string | undefined } {
  const rest: string[] = [];
  let asked: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') return { rest: [...rest, ...args.slice(at)], asked };
    // Both are known before anything can fail: a wrong command line must be answered in JSON too.
    if (word === '--json') asked = 'json';
    else if (word === '--output') asked = args[++at] ?? '';
    else if (word.startsWith('--output=')) asked = word.slice('--output='.length);
    else rest.push(word);
  }
  return { rest, asked };
}

/**
 * What the line asks for, then `PIPECAT_OUTPUT`, then the key `output` of the credentials file; else rich on a terminal and plain
 * elsewhere. An unknown word is a usage error that names where it came from.
 */
export async function outputMode(io: Io, asked: string | undefined): Promise<OutputMode> {
  const found =
    asked !== undefined
      ? { value: asked, from: '--output' }
      : io.env.PIPECAT_OUTPUT?.trim()
        ? { value: io.env.PIPECAT_OUTPUT.trim(), from: 'PIPECAT_OUTPUT' }
        : await stored(io);
  if (!found) return io.stdout.isTTY ? 'rich' : 'plain';
  const mode = outputModes.find((known) => known === found.value.toLowerCase());
  if (mode) return mode;
  throw usageError(
    `'${found.value}' (from ${found.from}) is no way to print.`,
    `Use one of: ${outputModes.join(', ')}`,
  );
}

/** The file is read whole only where it mentions the key: most commands would pay for parsing it twice. */
async function stored(io: Io): Promise<{ value: string; from: string } | undefined> {
  const path = configPath(io.env, io.cwd);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  if (!/^\s*"?output"?\s*=/m.test(text)) return undefined;
  const { resolveSettings } = await import('./settings.js');
  // A file that is wrong is told by the command that needs it.
  const setting = await resolveSettings(io, {}, () => undefined).then(
    ({ output }) => output,
    () => undefined,
  );
  return setting && { value: setting.value, from: setting.from };
}
