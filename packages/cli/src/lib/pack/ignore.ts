import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, whyNot } from '../errors.js';

/** Left out of a context that has no `.dockerignore` (contract §10.2). */
export const defaultExclusions: readonly string[] = [
  ...['.git', '.gitignore', '.gitattributes', '.env', '.env.*', '*.pem', '*.key'],
  ...['__pycache__', '*.pyc', '*.pyo', '*.pyd', '*.so', '.Python', '.venv', 'venv', 'ENV', 'env'],
  ...['.pytest_cache', '.coverage', 'htmlcov', '.tox', '.nox', '.mypy_cache', '.ruff_cache'],
  ...['.vscode', '.idea', '*.swp', '*.swo', 'dist', 'build', '*.egg-info', '*.egg', '.eggs', 'node_modules'],
  ...['.github', '.claude', '.codex', '.cursor', 'pcc-deploy.toml', '.ipynb_checkpoints', '.cache'],
  ...['.DS_Store', 'Thumbs.db', '*.log'],
];

export interface Exclusions {
  patterns: readonly string[];
  /** Whether they are those of a `.dockerignore`, which stands in for the defaults and for `[build.exclude]`. */
  fromDockerignore: boolean;
}

/** Patterns for one context directory: its `.dockerignore` alone, else the defaults and the deploy file's own. */
export async function exclusionsFor(directory: string, extra: readonly string[]): Promise<Exclusions> {
  let text: string;
  try {
    text = await readFile(join(directory, '.dockerignore'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw fileError(`${join(directory, '.dockerignore')} can't be read: ${whyNot(error)}.`, undefined, error);
    }
    const own = extra.map(normalise).filter((pattern) => pattern !== '');
    return { patterns: [...defaultExclusions, ...own], fromDockerignore: false };
  }
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const patterns = lines.filter((line) => line !== '' && !line.startsWith('#')).map(normalise);
  return { patterns: patterns.filter((pattern) => pattern !== ''), fromDockerignore: true };
}

/**
 * Tells whether a path relative to the context, with `/` between its parts, is left out: when any one part, or the
 * whole path, matches a pattern. No negation: `!x` is a name like any other (contract §10.2).
 */
export function excluder(patterns: readonly string[]): (path: string) => boolean {
  // One expression for all: thousands of paths are matched with dozens of patterns.
  const any = new RegExp(`^(?:${patterns.map(globSource).join('|') || '(?!)'})$`, 'su');
  return (path) => any.test(path) || (path.includes('/') && path.split('/').some((part) => any.test(part)));
}

/** Shell-style matching as Python's `fnmatch` does it: `*`, `?` and `[…]`, where `*` and `?` cross `/` too. */
function globSource(pattern: string): string {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? '';
    // One star after another matches the same, and would take ages to say no.
    if (character === '*') source += source.endsWith('.*') ? '' : '.*';
    else if (character === '?') source += '.';
    else if (character === '[') {
      // A `]` right after the bracket (or its `!`) belongs to the set.
      const first = pattern[index + 1] === '!' ? index + 2 : index + 1;
      const end = pattern.indexOf(']', pattern[first] === ']' ? first + 1 : first);
      if (end < 0) {
        source += '\\[';
        continue;
      }
      source += characterSet(pattern.slice(index + 1, end));
      index = end;
    } else source += character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return source;
}

function characterSet(content: string): string {
  const negated = content.startsWith('!');
  const body = [...(negated ? content.slice(1) : content)];
  const escaped = (character = '') => character.replace(/[\\[\]^-]/, '\\$&');
  let members = '';
  for (let at = 0; at < body.length; at++) {
    const [from = '', dash, to] = body.slice(at, at + 3);
    if (dash !== '-' || to === undefined) {
      members += escaped(from);
      continue;
    }
    // A range that runs backwards matches nothing in a shell, and is a syntax error here.
    if (from <= to) members += `${escaped(from)}-${escaped(to)}`;
    at += 2;
  }
  if (members === '') return negated ? '.' : '(?!)';
  return `[${negated ? '^' : ''}${members}]`;
}

function normalise(pattern: string): string {
  return pattern.trim().replace(/^\.\//, '').replace(/\/+$/, '');
}
