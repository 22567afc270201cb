import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { contextEntryLimit, contextSizeLimitBytes } from '@pipecat-cloud/contract/builds';
import type { ContextSource } from '../drivers/builder.js';
import { DriverError } from '../drivers/driver.js';

/** Headers, padding and long names of an entry stay below this, so more than it and the files is no honest archive. */
const overheadBytes = 4096;
const streamLimitBytes = contextSizeLimitBytes + contextEntryLimit * overheadBytes;

/** The context did not come. Why, its source knows; the build itself may not be to blame. */
export class DownloadFailed extends DriverError {}

/**
 * Fetches a context into `path`. Throws `DriverError` unless exactly the bytes of `sha256` (hex) arrived: `DownloadFailed` where the source
 * broke off, another where it is this machine or the context.
 */
export async function download(
  context: ContextSource,
  path: string,
  sha256: string,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(await context(signal), archiveLimit(), hashing, createWriteStream(path, { mode: 0o600 }), {
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DriverError) throw error;
    throw diskTrouble(error) ?? new DownloadFailed('PCC_UNKNOWN_ERROR', notDownloaded, { cause: error });
  }
  if (hash.digest('hex') !== sha256.toLowerCase()) {
    throw refused('did not arrive as it was uploaded (its checksum differs); try the build again');
  }
}

/** Passes on what a context may hold at most, packed or not, and fails with a `DriverError` after that. */
export function archiveLimit(): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > streamLimitBytes) done(refused('is larger than a context may be'));
      else done(null, chunk);
    },
  });
}

const notDownloaded = "The build's context could not be downloaded by the worker; try the build again.";

/** What is wrong with this machine's disk, if that is what the error says. */
function diskTrouble(error: unknown): DriverError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return refused(
      "could not be stored, because the disk of the worker's machine is full. Whoever runs the worker has to free space; then build again",
      error,
    );
  }
  return code === 'EIO'
    ? refused("could not be stored: the disk of the worker's machine does not work", error)
    : undefined;
}

/** For whoever deploys: the sentence begins with the build's context. */
export function refused(problem: string, cause?: unknown): DriverError {
  return new DriverError('PCC_UNKNOWN_ERROR', `The build's context ${problem}.`, { cause });
}
