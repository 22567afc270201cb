import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@pipecat-cloud/contract/client';
import { commandLine, runNode } from './commands.js';
import { plainEnvironment, root, script } from './environment.js';
import { freePort } from './ports.js';
import { startNode } from './processes.js';
import type { Resources } from './resources.js';
import { until } from './wait.js';

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

const organization = 'bench';

/**
 * An installation of its own: control plane and worker as they run for a person, with an empty data folder. `simulate` puts a worker
 * in the place of the real one whose instances take no process, and whose sessions end after so long.
 */
export async function startCloud(
  resources: Resources,
  { serverCore, simulate }: { serverCore?: number; simulate?: { sessionMs: number } } = {},
) {
  const folder = await resources.folder('cloud');
  const [dataDir, home] = [join(folder, 'data'), join(folder, 'home')];
  mkdirSync(home);
  mkdirSync(dataDir, { mode: 0o700 });
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = plainEnvironment({
    HOME: home,
    PORT: String(port),
    PIPECAT_CLOUD_DATA_DIR: dataDir,
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'bench@example.com',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: organization,
    PIPECAT_CLOUD_SUPERVISOR: 'bench',
  });
  const file = (part: string) => join(root, 'packages', part, 'dist/main.js');
  // Registered first, so done last: instances outlive the worker, which is what users want and we do not.
  resources.onClose(() => endInstances(join(dataDir, 'worker/instances')));
  const core = serverCore === undefined ? {} : { core: serverCore };
  const { serviceArguments: nodeArguments } = (await script('service-arguments.mjs')) as { serviceArguments: string[] };
  const { passHandOvers } = (await script('hand-over.mjs')) as {
    passHandOvers(controlPlane: ChildProcess, worker: () => ChildProcess): void;
  };
  const common = { env, folder, nodeArguments };
  const server = await startNode(resources, { ...common, name: 'control plane', file: file('server'), ...core });
  const worker = simulate
    ? await startNode(resources, {
        ...{ folder, name: 'simulated worker' },
        file: join(fileURLToPath(new URL('.', import.meta.url)), 'simulated-worker-process.js'),
        env: plainEnvironment({
          BENCH_URL: url,
          BENCH_ENROLMENT: join(dataDir, 'worker-enrolment'),
          BENCH_SESSION_MS: String(simulate.sessionMs),
        }),
      })
    : await startNode(resources, { ...common, name: 'worker', file: file('worker') });
  passHandOvers(server.child, () => worker.child);
  const token = readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim();
  const client = createClient({ host: url, token });

  return {
    dataDir,
    port,
    url,
    token,
    client,
    organization,
    serverPid: server.pid,
    workerPid: worker.pid,
    /** The environment of a command: an empty home, a token and the address. */
    commandEnvironment: plainEnvironment({ HOME: home, PIPECAT_TOKEN: token, PIPECAT_API_HOST: url }),
    home,
    notices: server.notices,

    /** Deploys the example agent; resolves once that many instances are ready. */
    deployEcho(instances: number): Promise<void> {
      return this.deployAgent('examples/echo', 'echo', instances);
    },

    /** Deploys a copy of a folder of the checkout with the command line; resolves once that many instances are ready. */
    deployAgent(path: string, name: string, instances: number): Promise<void> {
      const source = join(folder, 'agent');
      cpSync(join(root, path), source, { recursive: true, filter: (file) => !file.includes('node_modules') });
      return this.deploy(source, name, instances);
    },

    /** Deploys a folder with the command line; resolves once that many instances are ready. */
    async deploy(source: string, name: string, instances: number): Promise<void> {
      const limits = ['--min-agents', String(instances), '--max-agents', String(instances)];
      await runNode(resources, [commandLine, 'cloud', 'deploy', '--yes', '--json', ...limits], {
        cwd: source,
        env: this.commandEnvironment,
      });
      await until(`${instances} instances of ${name} are ready`, async () => {
        const { currentRevision } = await client.getService(organization, name);
        return (currentRevision?.readyReplicas ?? 0) >= instances;
      });
    },
  };
}

/** Ends the processes that the worker wrote down; each leads a group of its own. */
function endInstances(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = processOf(join(folder, name, 'instance.json'));
    if (pid === undefined) continue;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing was ever deployed.
  }
}

function processOf(file: string): number | undefined {
  try {
    const { state, process: started } = JSON.parse(readFileSync(file, 'utf8')) as {
      state: string;
      process?: { pid: number };
    };
    return state === 'running' ? started?.pid : undefined;
  } catch {
    return undefined; // Cut off while it was made or removed.
  }
}
