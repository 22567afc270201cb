import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { BuildOrder, InstanceSpec } from '@pipecat-cloud/contract/worker';
import { vi } from 'vitest';
import type { Driver, DriverLogLine } from '../drivers/driver.js';

/** A driver with what its tests need to drive the instances. */
export interface DriverUnderTest {
  driver: Driver;
  /** A build that `driver` has made; with `STUBBORN=1` in their environment its instances ignore SIGTERM. */
  buildId: string;
  /** Closes the driver and makes a new one on what it left. */
  restart(): Promise<Driver>;
  /** Makes an instance write this; it answers at `address`. */
  print(instance: { instanceId: string; address: string }, output: Uint8Array): Promise<void>;
  /** Makes an instance end by itself. */
  exit(instance: { instanceId: string; address: string }, code: number): Promise<void>;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

export const never: AbortSignal = new AbortController().signal;

/** The spec of a new instance of a build. */
export function specOf(buildId: string, environment: Record<string, string> = {}): InstanceSpec {
  return {
    instanceId: `i-${randomUUID()}`,
    organizationId: 'org-1',
    agentId: 'agent-1',
    agentName: 'bot',
    deploymentId: 'dep-1',
    source: { type: 'build', buildId, contextSha256: '', dockerfilePath: 'Dockerfile' },
    // More than the smallest profile: what is tested is not how fast it starts.
    cpuMillicores: 2000,
    memoryMib: 1024,
    environment,
    startTimeoutSeconds: 30,
  };
}

export function orderOf(context: Buffer, change: Partial<BuildOrder> = {}): BuildOrder {
  const contextSha256 = createHash('sha256').update(context).digest('hex');
  return {
    buildId: `b-${randomUUID()}`,
    organizationId: 'org-1',
    contextSha256,
    dockerfilePath: 'Dockerfile',
    timeoutSeconds: 60,
    ...change,
  };
}

/** Waits until an instance answers at its port. */
export async function whenAnswering(driver: Driver, instanceId: string): Promise<string> {
  const answering = async () => {
    const found = (await driver.list()).find((instance) => instance.instanceId === instanceId);
    if (!found?.address) throw new Error(`instance is ${found?.state}`);
    if (!(await isAnswering(found.address))) throw new Error('nobody answers yet');
    return found.address;
  };
  return vi.waitFor(answering, { interval: 20 });
}

/** Whether an instance answers there; the machine's router may do so where no network has the address any more. */
export const isAnswering = (address: string): Promise<boolean> =>
  fetch(`${address}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** The first `count` lines after a position. */
export async function readLines(driver: Driver, instanceId: string, position: number, count: number) {
  const lines: DriverLogLine[] = [];
  for await (const line of driver.logs(instanceId, position, AbortSignal.timeout(60_000))) {
    if (lines.push(line) >= count) break;
  }
  return lines;
}

/** Whether a process of this machine has such an argument; the engine's steps are among them. */
export async function runs(argument: string): Promise<boolean> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes(argument)) return true;
  }
  return false;
}
