import { usageError } from './errors.js';

/** Exactly `owner/repository`, of characters that need no escape, neither of them dots alone. */
export function isRepository(text: string): boolean {
  const parts = text.split('/');
  return parts.length === 2 && parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part) && !/^\.+$/.test(part));
}

export function checkRepository(text: string): void {
  if (!isRepository(text)) throw usageError(`'${text}' is no repository.`, 'Write it as owner/repository.');
}

/** A branch that could exist: no part of it empty or dots alone. */
export function checkBranch(text: string): void {
  if (text.split('/').some((part) => part === '' || /^\.+$/.test(part) || /\s/.test(part))) {
    throw usageError(`'${text}' is no name of a branch.`, 'For example main');
  }
}

/** `main` of `refs/heads/main`. */
export const branchOf = (ref: string): string => ref.replace(/^refs\/heads\//, '');
