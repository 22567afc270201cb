import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createCredentialScanner, mayHoldCredential, type OnCredential } from '@pipecat-cloud/contract/credential-scan';

/** Scans what is read from `source`, in bytes. Windows' tools write UTF-16, in which a token is not a row of ASCII bytes. */
export async function scanStream(source: AsyncIterable<Buffer>, onCredential: OnCredential): Promise<number> {
  const scanner = createCredentialScanner(onCredential);
  let decode: ((chunk: Buffer) => string) | undefined;
  let bytes = 0;
  for await (const chunk of source) {
    if (bytes === 0) decode = utf16Decoder(chunk);
    bytes += chunk.length;
    scanner.write(decode ? decode(chunk) : chunk);
  }
  scanner.end();
  return bytes;
}

/** At most `limitBytes` of the file; returns how many were read. */
export async function scanFile(path: string, limitBytes: number, onCredential: OnCredential): Promise<number> {
  const source = createReadStream(path, { end: limitBytes - 1, highWaterMark: 256 * 1024 });
  return await scanStream(source as AsyncIterable<Buffer>, onCredential);
}

const pieceBytes = 256 * 1024;
/** Longer than the start of a credential that is looked for first. */
const overlapBytes = 64;

/**
 * False where a scan of the file finds nothing: a first look that counts no lines, keeps nothing and does not wait between files, for
 * folders of thousands. Throws when it can't be read.
 */
export function mayHoldCredentials(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    let kept = 0;
    for (let isFirst = true; ; isFirst = false) {
      const count = readSync(file, piece, kept, pieceBytes, null);
      if (count === 0) return false;
      const bytes = piece.subarray(0, kept + count);
      if ((isFirst && utf16Decoder(bytes)) || mayHoldCredential(bytes.toString('latin1'))) return true;
      kept = Math.min(overlapBytes, bytes.length);
      bytes.copy(piece, 0, bytes.length - kept);
    }
  } finally {
    closeSync(file);
  }
}

const piece = Buffer.allocUnsafeSlow(overlapBytes + pieceBytes);

function utf16Decoder(first: Buffer): ((chunk: Buffer) => string) | undefined {
  const mark = first.subarray(0, 2).toString('hex');
  if (mark !== 'fffe' && mark !== 'feff') return undefined;
  const decoder = new TextDecoder(mark === 'fffe' ? 'utf-16le' : 'utf-16be');
  return (chunk) => decoder.decode(chunk, { stream: true });
}
