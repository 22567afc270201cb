import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCloud } from '../cloud.js';
import { plainEnvironment } from '../environment.js';
import type { Figure } from '../figure.js';
import { startLoad } from '../http-load.js';
import type { LoadOrder } from '../http-load-process.js';
import { startNode } from '../processes.js';
import { spreadOf, turned } from '../statistics.js';
import type { IntrospectionReady } from './introspection-server.js';

const rounds = 7;
const secondsEach = 2;
const warmUpSeconds = 5;
const connections = 32;
// The servers and what puts load on them, each on a processor of its own.
const [serverCore, loadCore] = [0, 1];
const names = ['own', 'oidcProvider'] as const;

/** A token describes itself at our server, and is described by the introspection (RFC 7662) of oidc-provider. */
export const introspection: Figure = {
  name: 'introspection',
  about: "throughput of GET /v1/tokens/self, as a multiple of oidc-provider's introspection on the same database",
  async measure({ resources, progress }) {
    const folder = await resources.folder('introspection');
    const cloud = await startCloud(resources, { serverCore });
    const peer = await startNode(resources, {
      name: 'oidc-provider',
      file: fileURLToPath(new URL('./introspection-server.js', import.meta.url)),
      env: plainEnvironment({ BENCH_DATABASE: join(cloud.dataDir, 'pipecat-cloud.db') }),
      folder,
      core: serverCore,
    });
    const { port, path, authorization, form } = peer.ready as IntrospectionReady;
    await requireActive(`http://127.0.0.1:${port}${path}`, authorization, form);
    const load = await startLoad(resources, { folder, core: loadCore });
    const orders: Record<(typeof names)[number], Omit<LoadOrder, 'seconds'>> = {
      own: {
        port: cloud.port,
        path: '/v1/tokens/self',
        headers: { authorization: `Bearer ${cloud.token}` },
        connections,
      },
      oidcProvider: { port, path, headers: { authorization }, form, connections },
    };
    for (const name of names) await load.run({ ...orders[name], seconds: warmUpSeconds });
    const measured: Record<(typeof names)[number], number[]> = { own: [], oidcProvider: [] };
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      for (const name of turned(names, round)) {
        measured[name].push((await load.run({ ...orders[name], seconds: secondsEach })).perSecond);
      }
    }
    const rate = (name: (typeof names)[number]) => Math.round(spreadOf(measured[name]).median);
    const ratios = measured.own.map((value, round) => value / (measured.oidcProvider[round] ?? 0));
    const { median, min, max } = spreadOf(ratios);
    const note = `${rate('own')} requests/s against ${rate('oidcProvider')} introspections/s`;
    const goal = { kind: 'atLeast', value: 3 } as const;
    return [{ name: 'introspection', value: median, unit: 'x', goal, min, max, rounds, note }];
  },
};

/** "Not active" is a 200 too, and costs less. */
async function requireActive(url: string, authorization: string, form: string): Promise<void> {
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(url, { method: 'POST', headers, body: form });
  const answer = (await response.json()) as { active?: boolean };
  if (!answer.active) throw new Error(`oidc-provider does not know its token: ${JSON.stringify(answer)}`);
}
