import { createReadStream } from 'node:fs';
import { createCredentialScanner, type OnCredential } from '@pipecat-cloud/contract/credential-scan';

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

function utf16Decoder(first: Buffer): ((chunk: Buffer) => string) | undefined {
  const mark = first.subarray(0, 2).toString('hex');
  if (mark !== 'fffe' && mark !== 'feff') return undefined;
  const decoder = new TextDecoder(mark === 'fffe' ? 'utf-16le' : 'utf-16be');
  return (chunk) => decoder.decode(chunk, { stream: true });
}
