import type { Client } from '@pipecat-cloud/contract/client';
import { usageError } from './errors.js';

/** Refuses a region that the organization doesn't have, with those that it has: exit 2. */
export async function checkRegion(api: Client, org: string, region: string | undefined): Promise<void> {
  if (region === undefined) return;
  const { regions } = await api.listRegions(org);
  if (regions.some(({ code }) => code === region)) return;
  const codes = regions.map(({ code }) => code).join(', ');
  throw usageError(`'${region}' is no region of ${org}.`, codes ? `Use one of: ${codes}` : 'It has no regions at all.');
}
