import { createServer } from 'node:net';

/** Hands out free ports on 127.0.0.1, never one that `taken` names. Another program may still take it first. */
export async function freePort(taken: (port: number) => boolean): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await askSystem();
    if (!taken(port)) return port;
  }
  throw new Error('no free port on 127.0.0.1');
}

function askSystem(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
