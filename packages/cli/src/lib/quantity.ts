import { usageError } from './errors.js';

/** Kubernetes quantities (contract §13.3): `500m`, `2`, `4Gi`. */
const quantity = /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

export const isQuantity = (text: string): boolean => quantity.test(text);

export interface Resources {
  cpu: string;
  memory: string;
}

export function checkQuantities({ cpu, memory }: Resources): void {
  if (!isQuantity(cpu)) throw usageError(`'${cpu}' is no amount of CPU.`, 'Give cores, for example 2 or 500m.');
  if (!isQuantity(memory)) throw usageError(`'${memory}' is no amount of memory.`, 'For example 4Gi or 512Mi.');
}

/** `cpu=2,memory=4Gi`, in either order. */
export function parseResources(text: string): Resources {
  const pairs = text.split(',').map((part) => part.split('=').map((side) => side.trim()));
  const found = new Map(pairs.map(([key = '', value = '']) => [key.toLowerCase(), value]));
  const [cpu, memory] = [found.get('cpu'), found.get('memory')];
  if (!cpu || !memory || pairs.length !== 2 || pairs.some((pair) => pair.length !== 2)) {
    throw usageError(`'${text}' names no resources.`, 'Give both, for example: --resources cpu=2,memory=4Gi');
  }
  checkQuantities({ cpu, memory });
  return { cpu, memory };
}
