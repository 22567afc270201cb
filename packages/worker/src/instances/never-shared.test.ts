import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Rig, startRig } from '../test-rig/rig.js';
import { createProcessSetup, type ProcessSetup } from '../testing/process-driver-setup.js';

/**
 * An agent in a process of its own that does what its image must not. Each bot that begins, and each beat of its life, is a line
 * in a file: two bots that beat in one process have shared it. `CUT` is when the image answers for a bot that goes on.
 */
const agentScript = `
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
process.on('SIGTERM', () => {});
createServer((request, response) => {
  if (request.url !== '/bot') return response.end('{}');
  const session = request.headers['x-daily-session-id'];
  const beat = () => appendFileSync(process.env.DIARY, process.pid + ' ' + session + '\\n');
  beat();
  setInterval(beat, 20);
  const cap = Number(request.headers['x-pcc-max-session-seconds']) * 1000;
  if (process.env.IMAGE === 'cuts at the cap') setTimeout(() => response.end('{}'), cap - 100);
  if (process.env.IMAGE === 'says that it stopped') setTimeout(() => console.log(
    'Stopping bot session with metadata: ' + JSON.stringify({ session_id: session })), cap + 100);
  if (process.env.IMAGE === 'answers late') setTimeout(() => response.end('{}'), cap + 100);
  request.resume();
}).listen(Number(process.env.PORT), process.env.HOST);
`;
const files = { 'agent.mjs': agentScript, 'pcc-deploy.toml': '[local]\ncommand = ["node", "agent.mjs"]\n' };

describe('a bot that ignores the end of its session never shares its process with a second session (July 2026)', () => {
  let setup: ProcessSetup;
  let rig: Rig;
  let folder: string;
  let buildId: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'never-shared-'));
    setup = await createProcessSetup();
    buildId = await setup.build(files);
    rig = await startRig({ timings: { capGraceMs: 400 }, wrapDriver: () => setup.restart() });
    await rig.ready();
  });
  afterEach(async () => {
    await rig.close();
    await setup.restart();
    await setup.close();
    await rm(folder, { recursive: true });
  });

  /** Sessions by the process that they beat in. */
  async function shared(): Promise<Map<string, Set<string>>> {
    const lines = (await readFile(join(folder, 'diary'), 'utf8')).trim().split('\n');
    const beats = lines.map((line) => line.split(' ') as [string, string]);
    const byProcess = Map.groupBy(beats, ([pid]) => pid);
    return new Map([...byProcess].map(([pid, its]) => [pid, new Set(its.map(([, session]) => session))]));
  }

  test.each(['ignores its cap', 'cuts at the cap', 'answers late', 'says that it stopped'])(
    'whose image %s',
    async (image) => {
      const environment = { IMAGE: image, DIARY: join(folder, 'diary') };
      const source = { type: 'build', buildId, contextSha256: '', dockerfilePath: 'Dockerfile' } as const;
      await rig.makeReady('i-1', { source, environment });
      await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.5 });
      await vi.waitFor(async () => expect((await shared()).size).toBe(1));
      // Asked again and again from the first moment on, as a pool would that believes whatever it is told.
      const refusals = new Set<string>();
      for (let epoch = 2; rig.control.instance('i-1')?.state !== 'exited' && epoch < 200; epoch++) {
        const answer = await rig.activate({ instanceId: 'i-1', epoch, sessionId: `s-${epoch}` });
        expect(answer.ok).toBe(false);
        if (!answer.ok) refusals.add(answer.refusal);
        if (refusals.has('used_up')) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const [end] = await rig.control.whenReported('session-ended');
      expect(end).toMatchObject({ sessionId: 's-1', unfinished: true });
      // Nor after a restart of the worker.
      await rig.stopWorker();
      await rig.startWorker();
      const after = await rig.activate({ instanceId: 'i-1', epoch: 500, sessionId: 's-500' });
      expect(after.ok).toBe(false);
      expect([...(await shared()).values()]).toEqual([new Set(['s-1'])]);
    },
  );
});
