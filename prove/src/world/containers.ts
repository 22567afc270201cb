import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Event } from '../checker/event.js';
import { inRoot } from './paths.js';
import type { Recorder } from './recorder.js';

/** Of the worker's client of the Engine API. */
interface Engine {
  request<T>(method: string, path: string, options?: { query?: object }): Promise<T>;
  close(): Promise<void>;
}
interface Parts {
  createEngine(options: { url: string }): Engine;
  imageOf(engine: Engine, tag: string, files: object, parts: { command: string[] }): Promise<string>;
}
export type Containers = Awaited<ReturnType<typeof openContainers>>;

const variable = 'PIPECAT_CLOUD_TEST_ENGINE';

async function parts(): Promise<Parts> {
  const load = (path: string) => import(pathToFileURL(inRoot('packages/worker/dist', path)).href);
  return Object.assign({}, ...(await Promise.all([load('engine/engine.js'), load('testing/test-images.js')]))) as Parts;
}

/** What a run on containers needs: images of the prover's agent, ears for what they tell, and an engine that can be made to hang. */
export async function openContainers(folder: string, recorder: Recorder) {
  const url = process.env[variable];
  if (!url?.startsWith('unix://')) throw new Error(`${variable} must be the address of a container engine, unix://…`);
  const { createEngine, imageOf } = await parts();
  const engine = createEngine({ url });
  const stall = await openStall(join(folder, 'engine.sock'), url.slice('unix://'.length));
  const ears = await listen(recorder);
  const images: string[] = [];

  async function ofThisInstallation(dataDir: string, path: string): Promise<{ Id: string }[]> {
    const { installationId } = JSON.parse(readFileSync(join(dataDir, 'worker/installation.json'), 'utf8')) as {
      installationId: string;
    };
    const filters = { label: [`pipecat-cloud.installation=${installationId}`] };
    return await engine.request('GET', path, { query: { all: true, filters } });
  }

  return {
    env: { PIPECAT_CLOUD_WORKER_ENGINE: `unix://${join(folder, 'engine.sock')}` },
    sink: `tcp://gateway:${ears.port}`,
    hang: stall.hang,
    /**
     * As when the engine is restarted: every connection breaks and new ones are refused, and unless it lets them live (`live-restore`) all
     * containers of the installation end with it. Until what is returned is called.
     */
    async restart(dataDir: string, { containersLive }: { containersLive: boolean }): Promise<() => void> {
      const comeBack = stall.leave();
      if (containersLive) return comeBack;
      const all = await ofThisInstallation(dataDir, '/containers/json').catch(() => []);
      // One that has ended meanwhile can't be killed.
      await Promise.allSettled(all.map(({ Id }) => engine.request('POST', `/containers/${Id}/kill`)));
      return comeBack;
    },

    async image(name: string, program: object): Promise<string> {
      const files = {
        'bot.mjs': readFileSync(inRoot('prove/agent/bot.mjs'), 'utf8'),
        'prove.json': JSON.stringify(program),
      };
      const tag = `pcc-prove-${name}:${Date.now()}`;
      images.push(await imageOf(engine, tag, files, { command: ['node', '/app/bot.mjs'] }));
      return tag;
    },
    /** What the installation has in the engine. */
    left: async (dataDir: string): Promise<string[]> =>
      (await ofThisInstallation(dataDir, '/containers/json')).map(({ Id }) => `container ${Id.slice(0, 12)}`),

    async close(dataDir: string): Promise<void> {
      for (const path of ['containers', 'networks']) {
        const list = path === 'containers' ? '/containers/json' : '/networks';
        for (const { Id } of await ofThisInstallation(dataDir, list).catch(() => []))
          await engine.request('DELETE', `/${path}/${Id}`, { query: { force: true } }).catch(() => undefined);
      }
      for (const image of images)
        await engine.request('DELETE', `/images/${image}`, { query: { force: true } }).catch(() => undefined);
      await engine.close();
      stall.close();
      ears.close();
    },
  };
}

/** Agents in containers tell over TCP, each line an event; what was sent is delivered, however they end. */
async function listen(recorder: Recorder): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('error', () => undefined);
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) recorder.take(JSON.parse(line) as Event);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return { port: (server.address() as { port: number }).port, close: () => void server.close() };
}

/** A way to the engine on which nothing moves while it hangs: requests are taken, and not answered. */
async function openStall(path: string, target: string) {
  const sockets = new Set<Socket>();
  let hanging: Promise<void> | undefined;
  let away = false;
  const server = createServer((near) => {
    if (away) return void near.destroy();
    near.pause();
    const join = () => {
      const far = connect(target);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      }
    };
    void (hanging ?? Promise.resolve()).then(join);
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    /** Until what is returned is called. */
    hang(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      hanging = promise;
      for (const socket of sockets) socket.pause();
      return () => {
        hanging = undefined;
        for (const socket of sockets) socket.resume();
        resolve();
      };
    },
    /** Nobody is there, until what is returned is called. */
    leave(): () => void {
      away = true;
      for (const socket of sockets) socket.destroy();
      return () => {
        away = false;
      };
    },
    close(): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
