import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what Linux and macOS give to connections and to whoever listens on any port. */
const RANGE = [20_000, 32_000];

/**
 * A free loopback port to be used later, and again after a restart: one that the system gives out would be somebody else's connection
 * by then, now and again.
 */
export async function freePort() {
  for (;;) {
    const port = randomInt(...RANGE);
    if (await isFree(port)) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
