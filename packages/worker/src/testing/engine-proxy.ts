import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A way to an engine that can be made to hang, or to break as when the engine is restarted. */
export async function createEngineProxy(engineUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), 'engine-proxy-'));
  const path = join(folder, 'engine.sock');
  const sockets = new Set<Socket>();
  let hanging = false;
  let away = false;

  const server = createServer((near) => {
    if (away) return void near.destroy();
    const far = connect(new URL(engineUrl).pathname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (chunk) => {
        if (!hanging) other.write(chunk);
      });
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));

  function breakAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  return {
    url: `unix://${path}`,
    /** Nothing passes any more, in either direction; what is sent meanwhile is lost. */
    hang(): void {
      hanging = true;
    },
    /** Every connection breaks, and new ones too. */
    leave(): void {
      away = true;
      breakAll();
    },
    /** Answers again; connections from before are broken. */
    comeBack(): void {
      hanging = away = false;
      breakAll();
    },
    async close(): Promise<void> {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
