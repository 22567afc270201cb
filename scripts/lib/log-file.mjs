import { closeSync, copyFileSync, fchmodSync, fstatSync, openSync, readSync, truncateSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const POLL_MS = 200;
const LONGEST_LINE = 64 * 1024;
const ROTATE_BYTES = 20 * 1024 * 1024;

/** Opens a log for appending, readable by its owner alone. The processes write into it themselves. */
export function openForAppend(file) {
  const fd = openSync(file, 'a', 0o600);
  fchmodSync(fd, 0o600);
  return fd;
}

/**
 * Calls `onLine` for each whole line that is added to `file` from now on. Reading the file, rather than a pipe, lets
 * the writers go on when this process is killed. A file above 20 MB is moved to `<file>.1` and begun anew; writers
 * append, so they need not know. Returns `{ drain(), close() }`: `drain` reads at once what is there.
 */
export function followLog(file, onLine, { rotateBytes = ROTATE_BYTES } = {}) {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(LONGEST_LINE);
  let position = fstatSync(fd).size;
  let decoder = new StringDecoder('utf8');
  let pending = '';

  function take(text) {
    const lines = (pending + text).split('\n');
    pending = lines.pop().slice(0, LONGEST_LINE);
    for (const line of lines) if (line.trim()) onLine(line);
  }

  function rotate() {
    // Lines written between the two calls are lost; they are microseconds apart and a log this large is rare.
    copyFileSync(file, `${file}.1`);
    truncateSync(file);
    position = 0;
    decoder = new StringDecoder('utf8');
  }

  function drain() {
    if (fstatSync(fd).size < position) position = 0; // Emptied by hand.
    let count = readSync(fd, buffer, 0, buffer.length, position);
    while (count > 0) {
      position += count;
      take(decoder.write(buffer.subarray(0, count)));
      count = readSync(fd, buffer, 0, buffer.length, position);
    }
    if (position > rotateBytes) rotate();
  }

  const timer = setInterval(drain, POLL_MS);
  timer.unref();
  return {
    drain,
    close() {
      clearInterval(timer);
      drain();
      if (pending.trim()) onLine(pending);
      closeSync(fd);
    },
  };
}
