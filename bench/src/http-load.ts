import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from './environment.js';
import type { LoadOrder, LoadResult } from './http-load-process.js';
import { startNode } from './processes.js';
import type { Resources } from './resources.js';

export type Load = Awaited<ReturnType<typeof startLoad>>;

/** A process that puts load on a server. The orders, which carry a token, go over its channel, never in its arguments. */
export async function startLoad(resources: Resources, { folder, core }: { folder: string; core: number }) {
  const file = join(fileURLToPath(new URL('.', import.meta.url)), 'http-load-process.js');
  const { child } = await startNode(resources, { name: 'load', file, env: plainEnvironment(), folder, core });
  return {
    /** Throws when any answer was other than 200. */
    async run(order: LoadOrder): Promise<{ perSecond: number; requests: number }> {
      child.send(order);
      const [result] = (await once(child, 'message')) as [LoadResult];
      if (result.problem !== undefined) throw new Error(`${order.path}: ${result.problem}`);
      return { perSecond: result.requests / result.seconds, requests: result.requests };
    },
  };
}
