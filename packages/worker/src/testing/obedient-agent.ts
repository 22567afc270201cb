import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Driver } from '../drivers/driver.js';
import type { Engine } from '../engine/engine.js';
import { never, specOf, whenAnswering } from './driver-tools.js';
import { imageOf } from './test-images.js';

/** Answers at its port, and runs whatever it is posted: the hostile things that tests have it do. */
const script = `
import { createServer } from 'node:http';
const AsyncFunction = (async () => {}).constructor;
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method !== 'POST') return response.end('{}');
  try {
    response.end(JSON.stringify((await new AsyncFunction(Buffer.concat(chunks).toString())()) ?? null));
  } catch (error) {
    response.writeHead(500).end(String(error.code ?? error));
  }
}).listen(process.env.PORT);
process.on('uncaughtException', () => {});
`;

export const obedientImage = 'localhost/pcc-test-obedient:1';

export async function makeObedientImage(engine: Engine): Promise<void> {
  await imageOf(engine, obedientImage, { 'agent.mjs': script });
}

export type Obedient = Awaited<ReturnType<typeof startObedient>>;

/** Starts an instance of it and waits until it answers. */
export async function startObedient(driver: Driver, change: Partial<InstanceSpec> = {}) {
  const spec: InstanceSpec = {
    ...specOf(''),
    source: { type: 'image', image: obedientImage },
    ...change,
  };
  await driver.ensure(spec, never);
  const { instanceId } = spec;
  const address = await whenAnswering(driver, instanceId);
  return {
    instanceId,
    spec,
    address,
    /** Runs the body of an async function in it; resolves to what it returns. Throws with the code of its error. */
    async tell(code: string): Promise<unknown> {
      const response = await fetch(address, { method: 'POST', body: code });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return JSON.parse(text);
    },
    seen: async () => (await driver.list()).find((one) => one.instanceId === instanceId),
  };
}
