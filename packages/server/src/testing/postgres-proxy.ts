import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** PostgreSQL behind something that can be cut, fall silent, or stand still. */
export async function openPostgresProxy(url: string) {
  const target = new URL(url);
  const sockets: Socket[] = [];
  let mute = false;
  let swallowed = 0;
  const server = createServer((socket) => {
    const behind = connect(Number(target.port || 5432), target.hostname);
    sockets.push(socket, behind);
    behind.on('data', (data) => mute || socket.write(data));
    socket.on('data', (data) => (mute ? swallowed++ : behind.write(data)));
    const end = () => {
      socket.destroy();
      behind.destroy();
    };
    for (const one of [socket, behind]) one.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = Object.assign(new URL(url), { hostname: '127.0.0.1', port: (server.address() as AddressInfo).port });

  return {
    url: through.href,
    /** What is said meanwhile is lost. */
    setMute(silent: boolean): void {
      mute = silent;
    },
    /** How much was said to it while it was silent. */
    swallowed: () => swallowed,
    /** Breaks all connections. */
    cut(): void {
      for (const socket of sockets) socket.destroy();
    },
    /** Reads nothing any more, not even that somebody hangs up. */
    freeze(): void {
      for (const socket of sockets) socket.pause();
    },
    /** Takes no new ones; resolves once there is none. */
    close: () => new Promise<unknown>((resolve) => server.close(resolve)),
  };
}
export type PostgresProxy = Awaited<ReturnType<typeof openPostgresProxy>>;
