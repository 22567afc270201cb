import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createDockerDriver } from '@pipecat-cloud/worker/drivers/docker/docker-driver';
import { createEngine, type Engine } from '@pipecat-cloud/worker/engine/engine';
import { usualAddresses } from '@pipecat-cloud/worker/engine/engine-address';
import { agentImage } from '@pipecat-cloud/worker/testing/test-images';
import { pino } from 'pino';
import { root } from '../environment.js';
import type { Figure, Measurement } from '../figure.js';
import type { Resources } from '../resources.js';
import { percentile, turned } from '../statistics.js';

const rounds = 30;
const never = new AbortController().signal;

/** Agents of the smallest profile: half a processor. */
const profile = { cpuMillicores: 500, memoryMib: 1024 };

/** An instance as the Docker driver makes it, from the order to its first answer, beside a container that is made by hand of the same image. */
export const dockerReady: Figure = {
  name: 'docker-ready',
  about: 'milliseconds from ordering an instance to its first answer in a container, its image present',
  async measure({ resources, progress }) {
    const engine = await findEngine();
    if (!engine) {
      progress('skipped: no container engine answers (PIPECAT_CLOUD_TEST_ENGINE names one)');
      return [];
    }
    resources.onClose(() => engine.close());
    const image = `pcc-bench-echo:${randomUUID()}`;
    progress('making an image');
    await agentImage(engine, image, join(root, 'examples/echo/bot.ts'));
    resources.onClose(() => engine.request('DELETE', `/images/${image}`, { query: { force: true } }));
    const contenders = [await byDriver(engine.url, image, resources), byHand(engine, image)];

    const measured = contenders.map((): number[] => []);
    for (let round = -1; round < rounds; round++) {
      for (const contender of turned(contenders, Math.max(0, round))) {
        const ms = await contender();
        // The first makes the network and fills the caches.
        if (round >= 0) measured[contenders.indexOf(contender)]?.push(ms);
      }
      if (round % 10 === 9) progress(`${round + 1} of ${rounds} rounds`);
    }
    const [ours = [], plain = []] = measured;
    const note = `${rounds} instances one after the other, half a processor each; a container by hand took ${percentile(plain, 0.5).toFixed(0)} ms at p50, ${percentile(plain, 0.95).toFixed(0)} ms at p95`;
    const line = (name: string, share: number, goal: Measurement['goal']): Measurement => ({
      name,
      value: percentile(ours, share),
      unit: 'ms',
      goal,
      min: percentile(ours, 0),
      max: percentile(ours, 1),
      rounds,
      note,
    });
    const shares = ours.map((ms, round) => ms / (plain[round] ?? Number.NaN));
    return [
      line('docker-ready', 0.95, { kind: 'atMost', value: 600 }),
      line('docker-ready-p50', 0.5, null),
      {
        ...line('docker-ready-share', 0.5, null),
        value: percentile(shares, 0.5),
        min: percentile(shares, 0),
        max: percentile(shares, 1),
        unit: 'x',
      },
    ];
  },
};

async function findEngine(): Promise<Engine | undefined> {
  const named = process.env.PIPECAT_CLOUD_TEST_ENGINE;
  for (const url of named ? [named] : usualAddresses(process.env)) {
    const engine = createEngine({ url });
    if (await engine.version().catch(() => undefined)) return engine;
    await engine.close();
  }
  return undefined;
}

async function byDriver(url: string, image: string, resources: Resources): Promise<() => Promise<number>> {
  const driver = await createDockerDriver({
    engine: createEngine({ url }),
    directory: await resources.folder('docker-ready'),
    installationId: `bench-${randomUUID()}`,
    log: pino({ level: 'silent' }),
    environment: {},
  });
  resources.onClose(async () => {
    for (const { instanceId } of await driver.list()) await driver.remove(instanceId, { graceSeconds: 0 });
    await driver.close();
  });
  const labels = { organizationId: 'bench', agentId: 'bench', agentName: 'bench', deploymentId: 'bench' };
  return async () => {
    const instanceId = randomUUID();
    const source = { type: 'image' as const, image };
    const spec = { ...labels, ...profile, instanceId, source, environment: {}, startTimeoutSeconds: 30 };
    const began = performance.now();
    await driver.ensure(spec, never);
    const { address } = (await driver.list()).find((one) => one.instanceId === instanceId) ?? {};
    await answers(address ?? '');
    const ms = performance.now() - began;
    await driver.remove(instanceId, { graceSeconds: 0 });
    return ms;
  };
}

/** What `docker run` does, on the engine's own bridge and without limits but the processor's. */
function byHand(engine: Engine, image: string): () => Promise<number> {
  return async () => {
    const began = performance.now();
    const body = { Image: image, HostConfig: { NanoCpus: profile.cpuMillicores * 1e6 } };
    const { Id } = await engine.request<{ Id: string }>('POST', '/containers/create', { body });
    await engine.request('POST', `/containers/${Id}/start`);
    const found = await engine.request<{ NetworkSettings: { IPAddress: string } }>('GET', `/containers/${Id}/json`);
    await answers(`http://${found.NetworkSettings.IPAddress}:8080`);
    const ms = performance.now() - began;
    await engine.request('DELETE', `/containers/${Id}`, { query: { force: true, v: true } });
    return ms;
  };
}

async function answers(address: string): Promise<void> {
  const until = performance.now() + 30_000;
  for (;;) {
    try {
      const response = await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(1_000) });
      await response.text();
      if (response.ok) return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
