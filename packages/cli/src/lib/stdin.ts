import { usageError } from './errors.js';
import type { Io } from './io.js';

/** All of standard input. On a terminal nobody pipes anything: that is a usage error rather than a silent wait. */
export async function readStdin(io: Io, what: string): Promise<string> {
  if (io.stdin.isTTY) throw usageError(`${what} is read from standard input, which is a terminal: pipe it in.`);
  let text = '';
  io.stdin.setEncoding('utf8');
  for await (const chunk of io.stdin) {
    text += chunk;
    if (text.length > 4 * 1024 * 1024) throw usageError(`${what} on standard input is longer than 4 MiB.`);
  }
  return text;
}
