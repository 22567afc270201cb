import type { Readable } from 'node:stream';
import { tooLarge } from '../errors.js';
import type { UploadContent } from './upload-repository.js';

/** A file that is written whole but not in place yet. Exactly one of the two must be called. */
export interface StagedUpload {
  content: UploadContent;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface StoredContext {
  sizeBytes: number;
  /** Lets go of what it reads from when it ends or is destroyed. */
  stream: Readable;
}

/** The form that a client posts its file with (contract §10.1); the fields are sent in this order. */
export interface UploadForm {
  uploadUrl: string;
  uploadFields: Record<string, string>;
}

/** Clients post to this server, which hands on what arrives. */
export interface ArrivalHere {
  kind: 'here';
  /**
   * Writes what `source` gives beside its place and hashes it on the way. Nothing is left behind when the source or the disk fails,
   * or when more than `limitBytes` arrive (413).
   */
  stage(uploadId: string, source: AsyncIterable<Buffer>): Promise<StagedUpload>;
}

/** Clients post to the storage, and the server looks there once it is told that something should be there. */
export interface ArrivalThere {
  kind: 'there';
  /** Lets its holder post one file of at most `limitBytes`, until `expiresAt`. */
  offer(uploadId: string, now: Date, expiresAt: Date): Promise<UploadForm>;
  /**
   * Reads what has arrived and keeps a copy under its hash where no form reaches it: whatever is posted later, `open` with this hash
   * gives these bytes. Undefined where nothing has arrived (any more). May be repeated and run twice at a time.
   */
  collect(uploadId: string): Promise<UploadContent | undefined>;
  /** Throws, in words for whoever runs the server, when the storage can't be used. */
  check(): Promise<void>;
}

/** Where uploaded contexts lie. A file is known by its upload and the SHA-256 of its bytes (hex). */
export interface UploadStore {
  /** Of one file, compressed as it comes. */
  limitBytes: number;
  arrival: ArrivalHere | ArrivalThere;
  /** Nothing when there is no such file. */
  open(uploadId: string, sha256: string): Promise<StoredContext | undefined>;
  /** What arrived, and with a hash the kept file too. May be repeated. */
  remove(uploadId: string, sha256: string | undefined): Promise<void>;
  /** Removes what an ended process left half written before that time. */
  removeLeftovers(before: Date): Promise<void>;
}

export function tooLargeUpload(limitBytes: number) {
  return tooLarge(
    `The upload is larger than ${limitBytes} bytes, the limit of an archive; exclude files with .dockerignore or [build.exclude]`,
  );
}
