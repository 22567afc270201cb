import { badRequest } from '../errors.js';

/** The members of a tar header that decide whether an entry may be part of a context. */
export interface ContextEntry {
  path: string;
  /** As the `tar` package names it. */
  type: string;
  sizeBytes: number;
}

export interface ContextLimits {
  /** Sum of file sizes (contract §10.2). */
  sizeBytes: number;
  /** Files and folders together, folders that only appear inside paths included. */
  entries: number;
}

const pathLimitBytes = 1024;
const depthLimit = 64;
/** Whether it is a regular file, by the name that the `tar` package has for it. */
export const isFileType = (type: string) => type === 'File' || type === 'OldFile';

const typeNames: Readonly<Record<string, string>> = {
  SymbolicLink: 'a symbolic link',
  Link: 'a hard link',
  CharacterDevice: 'a device',
  BlockDevice: 'a device',
  FIFO: 'a named pipe',
};

/**
 * Takes the entries of a context one by one and throws a 400 that names the entry and the rule it breaks: only regular files and
 * folders, below the context's root, each once, within the limits (contract §10.3).
 */
export function createContextEntries(limits: ContextLimits) {
  const files = new Set<string>();
  const folders = new Set<string>();
  let sizeBytes = 0;

  function addFolder(path: string, entry: ContextEntry): void {
    // A folder that is known has its parents known.
    for (let at = path; at !== '' && !folders.has(at); at = parentOf(at)) {
      if (files.has(at)) throw refused(entry, 'needs a folder where an earlier entry is a file');
      folders.add(at);
    }
  }

  return {
    add(entry: ContextEntry): void {
      const path = safePath(entry);
      if (entry.type === 'Directory') {
        addFolder(path, entry);
      } else if (isFileType(entry.type)) {
        if (path === '') throw refused(entry, 'has no name');
        if (files.has(path)) throw refused(entry, 'is there twice');
        if (folders.has(path)) throw refused(entry, 'is a file where an earlier entry needs a folder');
        addFolder(parentOf(path), entry);
        files.add(path);
        sizeBytes += entry.sizeBytes;
      } else {
        throw refused(
          entry,
          `is ${typeNames[entry.type] ?? `of type ${entry.type}`}; only regular files and folders are accepted`,
        );
      }
      if (sizeBytes > limits.sizeBytes)
        throw refused(entry, `takes the files over ${limits.sizeBytes} bytes, the limit of a context`);
      if (files.size + folders.size > limits.entries)
        throw refused(entry, `is one more than the ${limits.entries} files and folders of a context`);
    },

    /** Whether there is a regular file at this path, `./` in front or not. */
    hasFile: (path: string): boolean => files.has(normal(path)),
  };
}

/** The entry's path below the root, without `.` segments; empty for the root itself. */
function safePath(entry: ContextEntry): string {
  const { path } = entry;
  if (Buffer.byteLength(path) > pathLimitBytes) throw refused(entry, `has a path longer than ${pathLimitBytes} bytes`);
  if (path.includes('\0')) throw refused(entry, 'has a NUL byte in its path');
  if (path.includes('\\')) throw refused(entry, 'has a backslash in its path');
  // `C:name` is below a drive on some systems and on none of them below the context.
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) throw refused(entry, 'has an absolute path');
  const segments = path.split('/');
  if (segments.includes('..')) throw refused(entry, "has '..' in its path");
  const normalized = normal(path);
  if (normalized.split('/').length > depthLimit) throw refused(entry, `lies more than ${depthLimit} folders deep`);
  return normalized;
}

function normal(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

function refused(entry: ContextEntry, rule: string) {
  return badRequest(`The build context is refused: its entry ${shown(entry.path)} ${rule}`);
}

/** Names in an archive are whatever somebody wrote there. */
function shown(path: string): string {
  const text = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return `'${text.replace(/\p{Cc}/gu, '?')}'`;
}
