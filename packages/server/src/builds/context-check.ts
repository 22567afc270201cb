import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type CredentialFinding, createCredentialScanner } from '@pipecat-cloud/contract/credential-scan';
import { Parser, type ReadEntry } from 'tar';
import { AppError, badRequest } from '../errors.js';
import { type ContextLimits, createContextEntries, isFileType } from './context-entries.js';

/** Headers, padding and long names of an entry stay below this, so more than it and the files is no honest archive. */
const overheadBytes = 4096;
/** Files that tell a worker without a container engine how to run an agent; one of them stands in for a Dockerfile. */
const runnableFiles = ['pcc-deploy.toml', 'bot.py'];

/** The archive is sound, and another Dockerfile of it may do. */
export class MissingDockerfile extends AppError {
  constructor(dockerfilePath: string) {
    super(
      400,
      '400',
      `The build context has no '${dockerfilePath}', and at its root neither ${runnableFiles.join(' nor ')}: add one of them, or name the Dockerfile with dockerfilePath`,
    );
    this.name = 'MissingDockerfile';
  }
}

/** Gets each credential of this platform that is in a file of the context. The value must not be printed. */
export type OnContextCredential = (path: string, finding: CredentialFinding, value: string) => void;

/**
 * Reads a stored context, a gzip-compressed tar, through to its end without writing anything, and stops at the first problem
 * with a 400 that names it. However the archive is made, no more is unpacked than the limits allow.
 */
export async function checkContext(
  source: Readable,
  dockerfilePath: string,
  limits: ContextLimits,
  onCredential: OnContextCredential = () => {},
): Promise<void> {
  const entries = createContextEntries(limits);
  const parser = createParser(
    (entry) => entries.add({ path: entry.path, type: entry.type, sizeBytes: entry.size }),
    onCredential,
  );
  try {
    await pipeline(source, createGunzip({ chunkSize: 64 * 1024 }), (unpacked) => consume(unpacked, parser, limits));
  } catch (error) {
    throw toRefusal(error);
  }
  if (!entries.hasFile(dockerfilePath) && !runnableFiles.some((name) => entries.hasFile(name))) {
    throw new MissingDockerfile(dockerfilePath);
  }
}

async function consume(unpacked: AsyncIterable<Buffer>, parser: ContextParser, limits: ContextLimits): Promise<void> {
  const limitBytes = limits.sizeBytes + limits.entries * overheadBytes;
  let bytes = 0;
  for await (const chunk of unpacked) {
    bytes += chunk.length;
    if (bytes > limitBytes)
      throw badRequest(
        `The build context is refused: it unpacks to more than ${limits.sizeBytes} bytes, the limit of a context`,
      );
    parser.write(chunk);
  }
  parser.end();
}

interface ContextParser {
  write(chunk: Buffer): void;
  end(): void;
}

/**
 * Calls `onEntry` with every header; bodies of files are scanned on the way. `write` and `end` throw what `onEntry` threw, and for a
 * broken tar.
 */
function createParser(onEntry: (entry: ReadEntry) => void, onCredential: OnContextCredential): ContextParser {
  let failure: unknown;
  let ended = false;
  let first = true;
  const fail = (error: unknown) => {
    failure ??= error;
  };
  // With this filter all but files arrive as ignored, also those whose type the library does not know.
  const parser = new Parser({ strict: true, filter: (_path, entry) => 'type' in entry && isFileType(entry.type) });
  parser.on('error', (error: Error) =>
    fail(badRequest(`The build context is refused: it is no complete tar archive (${error.message})`)),
  );
  parser.on('eof', () => {
    ended = true;
  });
  parser.on('meta', (text: string) => {
    if (isAmbiguous(text))
      fail(badRequest('The build context is refused: an extended header of it can be read in two ways'));
  });
  const take = (entry: ReadEntry) => {
    if (failure !== undefined) return;
    try {
      if (entry.meta)
        throw badRequest('The build context is refused: it has an extended header of more than a megabyte');
      onEntry(entry);
    } catch (error) {
      fail(error);
    }
  };
  parser.on('ignoredEntry', take);
  parser.on('entry', (entry: ReadEntry) => {
    take(entry);
    const { path } = entry;
    const scanner = createCredentialScanner((finding, value) => onCredential(path, finding, value));
    // Read at once, so that the next entry comes in its turn.
    entry.on('data', (chunk: Buffer) => scanner.write(chunk));
    entry.on('end', () => scanner.end());
  });
  return {
    write(chunk) {
      // The library would unpack an archive in the archive by itself, outside our limits.
      if (first && isCompressed(chunk)) throw badRequest('The build context is refused: it is compressed twice');
      first = false;
      parser.write(chunk);
      if (failure !== undefined) throw failure;
    },
    end() {
      parser.end();
      if (failure !== undefined) throw failure;
      if (!ended) throw badRequest('The build context is refused: its tar archive breaks off before its end');
    },
  };
}

/** Whether an extended header has a path or size that one program reads and another cuts at a NUL or passes over for its length. */
function isAmbiguous(text: string): boolean {
  return text.split('\n').some((line) => {
    const length = /^(\d+) (?:path|linkpath|size)=/.exec(line)?.[1];
    return length !== undefined && (Number(length) !== Buffer.byteLength(line) + 1 || line.includes('\0'));
  });
}

/** A single byte is no tar header either, so a short first chunk is refused along with gzip and zstd. */
function isCompressed(chunk: Buffer): boolean {
  const magic = chunk.subarray(0, 4).toString('hex');
  return chunk.length < 4 || magic.startsWith('1f8b') || magic === '28b52ffd';
}

function toRefusal(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR')
    return badRequest('The build context is refused: its gzip stream breaks off before its end');
  if (code?.startsWith('Z_'))
    return badRequest('The build context is refused: it is not gzip-compressed, or is damaged');
  return error;
}
