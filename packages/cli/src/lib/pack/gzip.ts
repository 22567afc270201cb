import { availableParallelism } from 'node:os';
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib';

export const pieceBytes = 512 * 1024;
/** What deflate can look back to. */
const windowBytes = 32 * 1024;
const level = 6;
/** No time, no name, unknown system: nothing that differs between two machines. */
const header = Buffer.from('1f8b08000000000000ff', 'hex');
/** The threads of zlib in Node.js, unless somebody gave it more. */
const mostAtOnce = 4;

/**
 * Compresses pieces of `pieceBytes` (the last may be shorter) into one gzip member, several at once. Each piece is compressed with
 * the end of the one before it as its dictionary and ends on a whole byte, so that the results in a row are one deflate stream for
 * every reader; and equal pieces give equal bytes, however many processors there are. Pieces that are done with go to `spare`.
 */
export async function* gzip(pieces: Iterable<Buffer>, spare: Buffer[]): AsyncGenerator<Buffer> {
  const atOnce = Math.min(mostAtOnce, Math.max(2, availableParallelism()));
  const underWay: { piece: Buffer; compressed: Promise<Buffer> }[] = [];
  let crc = 0;
  let sizeBytes = 0;
  let dictionary: Buffer | undefined;

  function start(piece: Buffer): void {
    crc = crc32(piece, crc);
    sizeBytes += piece.length;
    const compressed = deflate(piece, dictionary);
    // A failure is told when its turn comes; until then nobody waits for it.
    compressed.catch(() => undefined);
    underWay.push({ piece, compressed });
    // Stays as it is until the next piece is begun, because the newest piece is never the first that is done with.
    dictionary = piece.subarray(Math.max(0, piece.length - windowBytes));
  }

  async function next(): Promise<Buffer> {
    const first = underWay.shift() as (typeof underWay)[number];
    const compressed = await first.compressed;
    if (first.piece.length === pieceBytes) spare.push(first.piece);
    return compressed;
  }

  yield header;
  for (const piece of pieces) {
    start(piece);
    if (underWay.length > atOnce) yield await next();
  }
  while (underWay.length > 0) yield await next();
  const end = Buffer.alloc(emptyLastBlock.length + 8);
  emptyLastBlock.copy(end);
  end.writeUInt32LE(crc, emptyLastBlock.length);
  end.writeUInt32LE(sizeBytes % 2 ** 32, emptyLastBlock.length + 4);
  yield end;
}

/** Nothing, and that this was the end (RFC 1951). */
const emptyLastBlock = Buffer.from('0300', 'hex');

function deflate(piece: Buffer, dictionary: Buffer | undefined): Promise<Buffer> {
  const options = {
    level: compresses(piece) ? level : 0,
    finishFlush: constants.Z_SYNC_FLUSH,
    // Room for what does not compress at all, so that one turn of the thread is enough.
    chunkSize: piece.length + 4096,
    ...(dictionary ? { dictionary } : {}),
  };
  return new Promise((resolve, reject) => {
    deflateRaw(piece, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

const samples = 8;
const sampleBytes = 2048;
const worthwhile = 0.92;

/**
 * Sounds, models and archives don't get smaller, and trying takes as long as for text. Decided by samples from all over the piece;
 * headers of small files in it are no reason to try.
 */
function compresses(piece: Buffer): boolean {
  if (piece.length < samples * sampleBytes) return true;
  const step = Math.floor(piece.length / samples);
  const sample = Buffer.concat(
    Array.from({ length: samples }, (_, index) => piece.subarray(index * step, index * step + sampleBytes)),
  );
  return deflateRawSync(sample, { level: 1, chunkSize: 2 * sample.length }).length < sample.length * worthwhile;
}
