import type { Resources } from '@pipecat-cloud/contract/agent-profiles';
import { mebibytesOf, millicoresOf, quantityOf } from '@pipecat-cloud/contract/quantities';
import { badRequest } from '../errors.js';

/** What an instance may use, as Kubernetes quantities that were checked. */
export interface Sizing {
  cpu: string;
  memory: string;
}

const limits = { millicores: 512_000, memoryMib: 8 * 1024 * 1024, leastMib: 16 };

/** Throws 400 for what is no quantity, and for one that no machine has or that no program can run in: that is a slip of the unit. */
export function checkResources({ cpu, memory }: Resources): Sizing {
  const checked = { cpu: String(cpu), memory: String(memory) };
  for (const name of ['cpu', 'memory'] as const) {
    if (quantityOf(checked[name]) !== undefined) continue;
    const example = name === 'cpu' ? "'500m' or '2'" : "'512Mi' or '4Gi'";
    throw badRequest(
      `resources.${name} is '${checked[name]}', which is no Kubernetes quantity: write a number with at most one suffix, such as ${example}`,
    );
  }
  const millicores = millicoresOf(checked.cpu);
  if (millicores < 1 || millicores > limits.millicores) {
    throw badRequest(
      `resources.cpu is '${checked.cpu}', which is ${shown(millicores / 1000)} cores: it takes 1m to ${limits.millicores / 1000}`,
    );
  }
  const memoryMib = mebibytesOf(checked.memory);
  if (memoryMib < limits.leastMib || memoryMib > limits.memoryMib) {
    throw badRequest(
      `resources.memory is '${checked.memory}', which is ${shown(memoryMib)} MiB: it takes ${limits.leastMib}Mi to 8Ti. Mind the unit: a plain number means bytes`,
    );
  }
  return checked;
}

const shown = (value: number) => (value < 1e6 ? String(value) : value.toExponential(1));
