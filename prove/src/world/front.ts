import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pause } from './wait.js';

export type Front = Awaited<ReturnType<typeof openFront>>;

const lookMs = 100;
const patienceMs = 1_000;

/**
 * The one address of control planes side by side: passes every connection on to the one that says that it runs the agents, as a load
 * balancer does that asks `/leaderz`. What goes to one that does so no more is cut.
 */
export async function openFront(ports: readonly number[]) {
  const pairs = new Map<() => void, number>();
  const closing = new AbortController();
  let leader: number | undefined;

  async function leads(port: number): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/leaderz`, { signal: AbortSignal.timeout(patienceMs) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      const answers = await Promise.all(ports.map(leads));
      const found = ports.find((_, index) => answers[index]);
      if (found !== undefined && found !== leader) {
        leader = found;
        for (const [end, port] of [...pairs]) if (port !== found) end();
      }
      await pause(lookMs, closing.signal);
    }
  }

  function join(near: Socket, port: number): void {
    const far = connect(port, '127.0.0.1');
    const end = () => {
      pairs.delete(end);
      near.destroy();
      far.destroy();
    };
    pairs.set(end, port);
    for (const side of [near, far]) side.on('error', end).on('close', end);
    near.pipe(far);
    far.pipe(near);
  }

  const server = createServer((near) => {
    if (leader === undefined) near.destroy();
    else join(near, leader);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const watching = watch();

  return {
    port: (server.address() as AddressInfo).port,
    /** The port of the one that ran the agents when it was last asked. */
    leader: () => leader,
    async close(): Promise<void> {
      closing.abort();
      await watching;
      for (const end of [...pairs.keys()]) end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
