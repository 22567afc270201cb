import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { contextEntryLimit, contextSizeLimitBytes } from '@pipecat-cloud/contract/builds';
import { type ReadEntry, Unpack } from 'tar';
import { archiveLimit, refused } from '../../builds/download.js';
import { DriverError } from '../driver.js';

/**
 * Unpacks a gzip'd tar into an empty folder. Only regular files and folders below it are accepted (contract §10.3), within the
 * limits of a context; anything else fails the whole archive with a `DriverError`. Modes become 600, or 700 where executable.
 */
export async function unpack(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  let refusal: DriverError | undefined;
  let entries = 0;
  let bytes = 0;

  function accept(path: string, entry: ReadEntry): boolean {
    entries++;
    bytes += entry.size;
    const problem = problemOf(path, entry) ?? (overLimit() ? 'has more files or bytes than a context may have' : '');
    if (problem) refusal ??= refused(problem);
    entry.mode = entry.type === 'Directory' || ((entry.mode ?? 0) & 0o100) !== 0 ? 0o700 : 0o600;
    return refusal === undefined;
  }
  const overLimit = () => entries > contextEntryLimit || bytes > contextSizeLimitBytes;

  const target = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    // Modes are decided above; the worker's umask must not take the executable bit.
    processUmask: 0,
    filter: (path, entry) => accept(path, entry as ReadEntry),
  });
  // Entries of a type that the library does not know are passed over in silence; a context with files missing is no good.
  target.on('ignoredEntry', (entry: ReadEntry) => {
    refusal ??= refused(`has an entry '${shown(entry.path)}' that is neither a file nor a folder`);
  });
  try {
    const source = createReadStream(archive);
    await pipeline(source, createGunzip(), archiveLimit(), target as unknown as NodeJS.WritableStream, {
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (refusal) throw refusal;
    if (error instanceof DriverError) throw error;
    throw refused('is no complete gzip-compressed tar archive', error);
  }
  if (refusal) throw refusal;
}

function problemOf(path: string, entry: ReadEntry): string | undefined {
  if (path.startsWith('/') || path.split(/[/\\]/).includes('..') || path.includes('\0')) {
    return `has an entry '${shown(path)}' that would be written outside the build`;
  }
  if (entry.type !== 'File' && entry.type !== 'OldFile' && entry.type !== 'Directory') {
    return `has an entry '${shown(path)}' of type ${entry.type}; only regular files and folders are accepted`;
  }
  return undefined;
}

/** Names in an archive are whatever somebody wrote there. */
function shown(path: string): string {
  return path.slice(0, 200).replace(/\p{Cc}/gu, '?');
}
