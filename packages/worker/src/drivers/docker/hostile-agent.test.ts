import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { wordsOfExit } from '../../instances/explain.js';
import { probe } from '../../instances/health.js';
import { createDockerSetup, type DockerSetup } from '../../testing/docker-driver-setup.js';
import { makeObedientImage, type Obedient, startObedient } from '../../testing/obedient-agent.js';
import { onPodman, testEngineUrl } from '../../testing/test-images.js';

const MiB = 1024 ** 2;
const limits = {
  pids: 64,
  openFiles: 512,
  diskBytes: 40 * MiB,
  diskLookMs: 100,
  engineLogBytes: 2 * MiB,
  outputBytes: 4 * MiB,
};

describe.skipIf(!testEngineUrl)('a hostile agent, with a container engine', { timeout: 180_000 }, () => {
  let setup: DockerSetup;
  let neighbour: Obedient;
  beforeAll(async () => {
    setup = await createDockerSetup({ limits });
    await makeObedientImage(setup.engine);
    neighbour = await startObedient(setup.driver, { organizationId: 'org-2' });
  });
  afterAll(() => setup.close());

  const start = (change = {}) => startObedient(setup.driver, { memoryMib: 256, ...change });
  const inspect = (id: string) =>
    setup.engine.request<{ LogPath: string; NetworkSettings: { Networks: Record<string, { Gateway: string }> } }>(
      'GET',
      `/containers/pcc-${setup.installationId}-${id}/json`,
    );
  /** The engine works, and another's instance does. */
  async function othersGoOn(): Promise<void> {
    expect(await neighbour.tell('return 1')).toBe(1);
    expect((await neighbour.seen())?.state).toBe('running');
  }
  /** A file that is rotated away meanwhile has no size: engines send the last of a flood twice. */
  async function sizeOf(folder: string): Promise<number> {
    const sizes = (await readdir(folder)).map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  test('that floods its output fills neither the disk of the engine nor that of the worker, and is still heard', async () => {
    const agent = await start();
    const flood = agent.tell(`
      const line = Buffer.alloc(1023, 'x').toString() + '\\n';
      for (let i = 0; i < 12 * 1024; i++) if (!process.stdout.write(line)) await new Promise((go) => process.stdout.once('drain', go));
      process.stdout.write('the end of it\\n');
    `);
    const last = async () => {
      const until = AbortSignal.timeout(60_000);
      for await (const { text } of setup.driver.logs(agent.instanceId, 0, until))
        if (text === 'the end of it') return text;
    };
    expect(await last()).toBe('the end of it');
    await flood;
    await othersGoOn();
    expect(await sizeOf(join(setup.directory, 'container-output', agent.instanceId))).toBeLessThan(5 * MiB);
    // The engine's folder can be looked into by root alone.
    const { LogPath } = await inspect(agent.instanceId);
    const kept = process.getuid?.() === 0 ? await sizeOf(dirname(LogPath)) : 0;
    expect(kept).toBeLessThan(4 * MiB);
  });

  test('that forks without end gets no more processes than it may, and none is left of it', async () => {
    const agent = await start({ memoryMib: 1024 });
    const error = await agent
      .tell(`
        const { spawn } = await import('node:child_process');
        for (;;) await new Promise((go, fail) =>
          spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true }).once('spawn', go).once('error', fail).once('exit', () => fail(Error('no threads'))));
      `)
      .catch((reason: Error) => reason.message);
    expect(error).toMatch(/EAGAIN|no threads/);
    await othersGoOn();
    const { pids_stats } = await setup.engine.request<{ pids_stats: { current: number } }>(
      'GET',
      `/containers/pcc-${setup.installationId}-${agent.instanceId}/stats`,
      { query: { stream: false, 'one-shot': true } },
    );
    expect(pids_stats.current).toBeGreaterThan(1);
    expect(pids_stats.current).toBeLessThanOrEqual(limits.pids);
    await setup.driver.kill(agent.instanceId, { graceSeconds: 0 });
    expect((await agent.seen())?.state).toBe('exited');
  });

  test('that fills its disk is stopped, in words', async () => {
    const agent = await start();
    await agent
      .tell(`
        const { open } = await import('node:fs/promises');
        const file = await open('/app/big', 'w');
        for (let i = 0; i < 400; i++) await file.write(Buffer.alloc(${MiB}, 'x'));
        return 'wrote all of it';
      `)
      .catch((reason: Error) => reason.message);
    await vi.waitFor(async () =>
      expect((await agent.seen())?.exit?.reason).toContain('wrote more than 40 MiB to its disk'),
    );
    await othersGoOn();
  });

  test('that takes all memory is ended by its own limit, in words', async () => {
    // Podman does not always know what the kernel did.
    const words = onPodman
      ? /ran out of memory|needed more memory than its profile gives \(128 MiB\)/
      : /ran out of memory/;
    const agent = await start({ memoryMib: 128 });
    await agent.tell('globalThis.kept = []; for (;;) kept.push(Buffer.alloc(1024 * 1024, 1));').catch(() => undefined);
    await vi.waitFor(async () => expect((await agent.seen())?.exit?.reason).toMatch(words));
    // As session and log tell it.
    expect(wordsOfExit({ redactor: undefined }, await agent.seen(), true)).toMatch(
      /^The instance ended because it .*\(128 MiB\)/,
    );
    await othersGoOn();
  });

  test('that opens 10,000 sockets runs out of them itself', async () => {
    const agent = await start();
    const opened = (await agent.tell(`
      const net = await import('node:net');
      const server = net.createServer().listen(0);
      await new Promise((go) => server.once('listening', go));
      let opened = 0;
      for (; opened < 10000; opened++) {
        const failed = await new Promise((go) => {
          const socket = net.connect(server.address().port, '127.0.0.1').once('connect', () => go()).once('error', go);
          (globalThis.sockets ??= []).push(socket);
        });
        if (failed) break;
      }
      for (const socket of sockets) socket.destroy();
      return opened;
    `)) as number;
    expect(opened).toBeLessThan(limits.openFiles);
    await othersGoOn();
  });

  test('that answers garbage, or nothing, is not ready', async () => {
    for (const answer of ["socket.end('\\\\0garbage\\\\r\\\\n\\\\r\\\\n'.repeat(1000))", '']) {
      const agent = await start();
      await agent
        .tell(`
          const net = await import('node:net');
          for (const handle of process._getActiveHandles()) if (handle.listening) handle.close();
          await new Promise((go) => net.createServer((socket) => { socket.on('error', () => {}); ${answer} }).listen(process.env.PORT).once('listening', go));
        `)
        .catch(() => undefined);
      await vi.waitFor(async () => expect(await probe(agent.address, 500)).not.toBe('ready'));
    }
    await othersGoOn();
  });

  test("reaches no port that this machine has for itself, and neither another organization's instance nor one of its own", async () => {
    const server = createServer((_, response) => response.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const agent = await start();
    const sibling = await start();
    const { NetworkSettings } = await inspect(agent.instanceId);
    const gateway = Object.values(NetworkSettings.Networks)[0]?.Gateway;
    const targets = [`http://${gateway}:${port}`, `http://127.0.0.1:${port}`, neighbour.address, sibling.address];
    // It does reach itself: what fails below is not its network as a whole.
    const reached = (await agent.tell(`
      const reach = (url) => fetch(url, { signal: AbortSignal.timeout(1500) }).then(() => true, () => false);
      return Promise.all(${JSON.stringify([agent.address, ...targets])}.map(reach));
    `)) as boolean[];
    expect(reached).toEqual([true, ...targets.map(() => false)]);
    server.close();
  });

  test('has no capability, no way to get one, and nothing of the engine', async () => {
    const agent = await start();
    const status = (await agent.tell(`
      const { readFileSync, existsSync } = await import('node:fs');
      const status = Object.fromEntries(readFileSync('/proc/self/status', 'utf8').split('\\n').map((line) => line.split(':\\t')));
      return { effective: status.CapEff, bounding: status.CapBnd, noNewPrivileges: status.NoNewPrivs, seccomp: status.Seccomp, socket: existsSync('/var/run/docker.sock') };
    `)) as Record<string, unknown>;
    expect(status).toEqual({
      effective: '0000000000000000',
      bounding: '0000000000000000',
      noNewPrivileges: '1',
      seccomp: expect.stringMatching(/[12]/),
      socket: false,
    });
  });
});
