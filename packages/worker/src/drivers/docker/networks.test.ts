import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Engine, EngineRequest } from '../../engine/engine.js';
import { EngineError } from '../../engine/engine-error.js';
import { createNetworks } from './networks.js';

interface Made {
  name: string;
  labels: Record<string, string>;
  options: Record<string, string>;
}

/** Answers what networks need of Podman, which says "it is there already" in a way of its own. */
function podman() {
  const made = new Map<string, Made>();
  const containers: object[] = [];
  async function request(method: string, path: string, { body }: EngineRequest = {}): Promise<unknown> {
    const name = path.split('/').at(-1) ?? '';
    if (path === '/libpod/networks/create') {
      const network = body as Made;
      if (made.has(network.name)) throw new EngineError(500, 'network already exists');
      return made.set(network.name, network);
    }
    if (path === '/networks')
      return [...made.values()].map(({ name, labels }) => ({ Id: name, Name: name, Labels: labels }));
    if (path === '/containers/json') return containers;
    if (!made.has(name)) throw new EngineError(404, 'no such network');
    if (method === 'DELETE') made.delete(name);
    return {};
  }
  const version = async () => ({ Components: [{ Name: 'Podman Engine', Version: '4.3.1' }] });
  return { made, containers, engine: { request, version } as unknown as Engine };
}

const networksOn = (engine: Engine) =>
  createNetworks({ engine, installationId: 'here', idleMs: 3_600_000, log: pino({ level: 'silent' }) });

test('on Podman each instance has a network that is kept from the others, which goes with it', async () => {
  const { made, containers, engine } = podman();
  const networks = networksOn(engine);
  const names = [];
  for (const instanceId of ['i-1', 'i-2']) names.push(await networks.use('acme', instanceId, async (name) => name));
  expect(names).toEqual(['pcc-here-acme-i-1', 'pcc-here-acme-i-2']);
  expect([...made.values()].map(({ options }) => options)).toEqual([{ isolate: 'true' }, { isolate: 'true' }]);
  containers.push({});
  await networks.sweep();
  expect(made.size).toBe(2);
  containers.pop();
  await networks.sweep();
  expect(made.size).toBe(0);
});

test('a network that is there already is used, however the engine says so', async () => {
  const { made, engine } = podman();
  const networks = networksOn(engine);
  for (const _ of ['first', 'again']) {
    expect(await networks.use('acme', 'i-1', async (name) => name)).toBe('pcc-here-acme-i-1');
  }
  expect(made.size).toBe(1);
});
