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

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  return (await tryPort(0)) ?? freePort();
}

/** 7400 where it is free, so that a command line needs no address; else any other. */
export async function preferredPort(): Promise<number> {
  return (await tryPort(7400)) ?? (await freePort());
}

export async function isFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== undefined;
}
