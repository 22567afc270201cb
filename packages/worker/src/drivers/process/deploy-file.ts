import { parse } from 'smol-toml';
import { DriverError } from '../driver.js';

const deployFile = 'pcc-deploy.toml';

export type Argv = [string, ...string[]];

/** `[local]` of `pcc-deploy.toml`: how an agent runs without an image. */
export interface LocalSection {
  /** Run one after the other when the build is made. */
  setup: Argv[];
  command: Argv;
}

/**
 * Reads `[local]`: `command` is a list of program and arguments, `setup` one such list or a list of them. A string is accepted for a
 * list and split at white space; no shell is involved. Undefined without the section; throws `DriverError` when it is malformed.
 */
export function parseLocalSection(text: string): LocalSection | undefined {
  const { local } = parseToml(text, deployFile);
  if (local === undefined) return undefined;
  if (typeof local !== 'object' || local === null || Array.isArray(local))
    throw invalid('has a [local] that is no table');
  const { command, setup } = local as Record<string, unknown>;
  if (command === undefined) throw invalid('has a [local] without command, for example command = ["node", "bot.ts"]');
  return { command: toArgv('command', command), setup: toSteps(setup) };
}

/** `project.dependencies` of a `pyproject.toml` (PEP 621); empty when it names none. Throws `DriverError` when it is malformed. */
export function parseProjectDependencies(text: string): string[] {
  const { project } = parseToml(text, 'pyproject.toml');
  const { dependencies = [] } = (project ?? {}) as { dependencies?: unknown };
  // A line of its own each, so none may hold another line with an option for pip.
  const valid =
    Array.isArray(dependencies) && dependencies.every((entry) => typeof entry === 'string' && !/[\r\n]/.test(entry));
  if (!valid) throw invalid('has project.dependencies that are no list of requirements', undefined, 'pyproject.toml');
  return dependencies as string[];
}

function parseToml(text: string, name: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    const [reason] = error instanceof Error ? error.message.split('\n') : [];
    throw invalid(`is no valid TOML (${reason})`, error, name);
  }
}

function toSteps(setup: unknown): Argv[] {
  if (setup === undefined || (Array.isArray(setup) && setup.length === 0)) return [];
  // A list of strings is one step; as soon as a list is in it, each element is a step.
  if (Array.isArray(setup) && setup.some(Array.isArray)) return setup.map((step) => toArgv('setup', step));
  return [toArgv('setup', setup)];
}

function toArgv(key: string, value: unknown): Argv {
  if (typeof value === 'string' && /["'`$|&;<>\\*?~]/.test(value)) {
    throw invalid(`has a [local] ${key} with characters that only a shell understands; write it as a list of strings`);
  }
  const parts: unknown = typeof value === 'string' ? value.trim().split(/\s+/) : value;
  const isArgv = Array.isArray(parts) && parts.every((part) => typeof part === 'string' && !part.includes('\0'));
  if (!isArgv || !parts[0])
    throw invalid(`has a [local] ${key} that is no list of strings, such as ["node", "bot.ts"]`);
  return parts as Argv;
}

function invalid(problem: string, cause?: unknown, name = deployFile): DriverError {
  return new DriverError('PCC_UNKNOWN_ERROR', `${name} ${problem}.`, { cause });
}
