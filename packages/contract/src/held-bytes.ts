const megabyte = 1024 * 1024;
/** Of one caller: what a call says in 150 s, the longest start, is 3 MB. */
const callerLimit = 4 * megabyte;
/** Of all callers of this process: no credential is needed to be one. */
const limitOfAll = 64 * megabyte;
/** To begin with. */
const smallestRoom = 1024;

let roomOfAll = 0;

/**
 * Keeps what one caller says, in one piece: many small ones would take far more memory than they hold. What it takes is counted against
 * one limit for all callers until it is emptied, or its bytes are taken.
 */
export function createHeldBytes() {
  let room = Buffer.alloc(0);
  let size = 0;

  function resize(length: number): void {
    const before = room;
    room = Buffer.alloc(length);
    roomOfAll += room.length - before.length;
    before.copy(room, 0, 0, size);
  }

  function makeRoom(needed: number): boolean {
    if (needed <= room.length) return true;
    const length = Math.min(callerLimit, Math.max(needed, 2 * room.length, smallestRoom));
    if (needed > length || roomOfAll - room.length + length > limitOfAll) return false;
    resize(length);
    return true;
  }

  function empty(): void {
    size = 0;
    resize(0);
  }

  return {
    /** False where that is too much, for one caller or for all of them: then it keeps nothing of this. */
    add(bytes: Buffer): boolean {
      if (!makeRoom(size + bytes.length)) return false;
      size += bytes.copy(room, size);
      return true;
    },
    take(): Buffer {
      const all = room.subarray(0, size);
      empty();
      return all;
    },
    empty,
  };
}
