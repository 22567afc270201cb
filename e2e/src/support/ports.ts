import { createServer } from 'node:net';

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const { port: given } = server.address() as { port: number };
      server.close(() => resolve(given));
    });
  });
}

/** Suites that run at the same moment number themselves from 1. */
const suite = Number(process.env.VITEST_POOL_ID ?? 1);
/** Below those that the system hands out by itself: none is taken by a connection between looking and listening. */
const portsEach = 2_000;
const firstPort = 20_000 + (suite % 6) * portsEach;
let next = Math.floor(Math.random() * portsEach);

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  next = (next + 1) % portsEach;
  return (await tryPort(firstPort + next)) ?? freePort();
}

/** 7400 for one of the suites, where it is free, so that a command line needs no address; else any other. */
export async function preferredPort(): Promise<number> {
  return (suite === 1 ? await tryPort(7400) : undefined) ?? (await freePort());
}

export async function isFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== undefined;
}
