import { randomUUID } from 'node:crypto';
import { lstat, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { redactorOf } from '../../builds/build-redactor.js';
import { download } from '../../builds/download.js';
import type { BuildResult, ContextSource } from '../builder.js';
import { DriverError } from '../driver.js';
import type { AgentPackage } from './agent-package.js';
import { endProcesses } from './end-processes.js';
import { buildFolderVariable, cleanEnvironment, type HostEnvironment } from './environment.js';
import { isSafeName, makeFolder, readJson, safeName, writeJson } from './files.js';
import { createKeyedQueue } from './keyed-queue.js';
import { type LaunchPlan, planLaunch } from './launch-plan.js';
import type { ProcessTable } from './process-table.js';
import { createPythonEnvironments } from './python.js';
import { runStep, type Step } from './run-step.js';
import { unpack } from './unpack.js';

/** `build.json`, written when a build is complete. */
interface BuildRecord {
  version: 1;
  contextSha256: string;
  dockerfilePath: string;
  launch: { kind: 'local'; command: [string, ...string[]] } | { kind: 'python'; environment: string };
}

export interface BuildsDeps {
  directory: string;
  host: HostEnvironment;
  table: ProcessTable;
  agentPackage: AgentPackage;
  /** Whether an instance runs in the build's folder. */
  inUse: (buildId: string) => boolean;
}

/** What to start for a build that is complete. */
export interface Launch {
  command: [string, ...string[]];
  folder: string;
  environment: Record<string, string>;
}

/** The files of builds: `builds/<id>/context/` is the unpacked context and the working folder of its instances. */
export function createBuilds({ directory, host, table, agentPackage, inUse }: BuildsDeps) {
  const root = join(directory, 'builds');
  const python = createPythonEnvironments({ root: join(directory, 'venvs'), table, base: agentPackage.python });
  const inTurn = createKeyedQueue();
  let making = 0;

  const folderOf = (buildId: string) => join(root, safeName(buildId));
  const read = async (buildId: string) => {
    const record = (await readJson(join(folderOf(buildId), 'build.json'))) as BuildRecord | undefined;
    return record?.version === 1 ? record : undefined;
  };

  async function isDone({ buildId, contextSha256, dockerfilePath }: BuildOrder): Promise<boolean> {
    const record = await read(buildId);
    if (record?.contextSha256 !== contextSha256 || record.dockerfilePath !== dockerfilePath) return false;
    return record.launch.kind === 'local' || (await python.interpreter(record.launch.environment)) !== undefined;
  }

  async function make(
    order: BuildOrder,
    context: ContextSource,
    onLine: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const folder = folderOf(order.buildId);
    // What an earlier worker was doing here when it ended.
    await endProcesses(table, { marker: { name: buildFolderVariable, value: folder } }, () => 0);
    await rm(folder, { recursive: true, force: true });
    await prepareRoot(root, agentPackage);
    await fetchContext(root, folder, order, context, signal);
    const home = await makeFolder(join(directory, 'cache', 'home'));
    const temporary = await makeFolder(join(folder, 'tmp'));
    // Secrets are in the environment of the steps and in no file; they win over all but what the platform itself decides.
    const clean = cleanEnvironment(host, { home, temporary });
    const own = { HOME: home, TMPDIR: temporary, [buildFolderVariable]: folder };
    const environment = { ...clean, ...order.secrets, ...own };
    const steps = { folder: join(folder, 'context'), environment, onLine, redactor: redactorOf(order), signal };
    const plan = await planLaunch(steps.folder, order.dockerfilePath);
    const launch = await prepare(plan, order, steps);
    await rm(temporary, { recursive: true, force: true });
    const { contextSha256, dockerfilePath } = order;
    await writeJson(join(folder, 'build.json'), {
      version: 1,
      contextSha256,
      dockerfilePath,
      launch,
    } satisfies BuildRecord);
  }

  async function prepare(
    plan: LaunchPlan,
    { contextSha256, organizationId, secrets = {} }: BuildOrder,
    steps: Omit<Step, 'name' | 'command'>,
  ): Promise<BuildRecord['launch']> {
    if (plan.kind === 'python') {
      const { requirements } = plan;
      const job = { ...steps, requirements, contextSha256, organizationId, secrets };
      return { kind: 'python', environment: await python.ensure(job) };
    }
    if (plan.setup.length === 0) steps.onLine('[local] in pcc-deploy.toml names no setup: there is nothing to run');
    for (const command of plan.setup) {
      steps.onLine(`Running ${command.join(' ')}`);
      await runStep(table, { ...steps, name: '[local] setup in pcc-deploy.toml', command });
    }
    return { kind: 'local', command: plan.command };
  }

  return {
    /** Ends and removes what an earlier worker was in the middle of. */
    async recover(): Promise<void> {
      const folders = new Set(table.marked(buildFolderVariable).map(({ value }) => value));
      for (const value of folders) {
        if (!value.startsWith(`${root}/`)) continue;
        await endProcesses(table, { marker: { name: buildFolderVariable, value } }, () => 0);
      }
      const names = await readdir(root).catch(() => []);
      for (const name of names.filter((candidate) => candidate.startsWith('.'))) {
        await rm(join(root, name), { recursive: true, force: true });
      }
    },

    /** As `Builder` says. */
    async build(
      order: BuildOrder,
      context: ContextSource,
      onLine: (text: string) => void,
      signal: AbortSignal,
    ): Promise<BuildResult> {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(order.timeoutSeconds * 1000)]);
      await inTurn(order.buildId, async () => {
        limited.throwIfAborted();
        if (await isDone(order)) return;
        making++;
        try {
          await make(order, context, onLine, limited);
        } finally {
          making--;
        }
      });
      return {};
    },

    /** Builds whose files are here, also half-done ones. */
    kept: (): Promise<string[]> => buildIds(root),

    /** Removes a build's files, and the Python environments that no build needs any more. Throws `DriverError` while an instance uses them. */
    async forget(buildId: string): Promise<void> {
      await inTurn(buildId, async () => {
        if (inUse(buildId)) throw new DriverError('PCC_UNKNOWN_ERROR', `The files of build ${buildId} are in use`);
        await rm(folderOf(buildId), { recursive: true, force: true });
      });
      // A build under way may be about to use one of them; the next time will do.
      if (making > 0) return;
      const records = await Promise.all((await buildIds(root)).map(read));
      await python.prune(
        new Set(records.flatMap((record) => (record?.launch.kind === 'python' ? [record.launch.environment] : []))),
      );
    },

    /** Throws `DriverError` unless the build is complete on this worker. */
    async launch(buildId: string): Promise<Launch> {
      const record = await read(buildId);
      const folder = join(folderOf(buildId), 'context');
      if (record?.launch.kind === 'local') return { command: record.launch.command, folder, environment: {} };
      const interpreter = record && (await python.interpreter(record.launch.environment));
      if (!interpreter) {
        const message = `The files of build ${buildId} are not complete on this worker; deploy again to build them.`;
        throw new DriverError('PCC_IMAGE_NOT_FOUND', message);
      }
      // Unbuffered, or the last lines of a bot that is killed would be lost.
      const environment = { PYTHONPATH: agentPackage.python, PYTHONUNBUFFERED: '1' };
      return { command: [interpreter, '-m', 'pipecat_cloud_agent'], folder, environment };
    },
  };
}

async function buildIds(root: string): Promise<string[]> {
  const entries = await readdir(root).catch(() => []);
  return entries.filter((name) => isSafeName(name) && name !== 'node_modules');
}

/** Downloads and unpacks beside the build, so that its folder holds a whole context or isn't there. */
async function fetchContext(
  root: string,
  folder: string,
  order: BuildOrder,
  context: ContextSource,
  signal: AbortSignal,
): Promise<void> {
  const draft = await makeFolder(join(root, `.${randomUUID()}`));
  try {
    const archive = join(draft, 'context.tar.gz');
    await download(context, archive, order.contextSha256, signal);
    await unpack(archive, await makeFolder(join(draft, 'context')), signal);
    await rm(archive);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Lets `import '@pipecat-cloud/agent'` work in every build without an install: Node looks in the folders above. */
async function prepareRoot(root: string, { root: agentRoot }: AgentPackage): Promise<void> {
  const link = join(await makeFolder(join(root, 'node_modules', '@pipecat-cloud')), 'agent');
  const present = await lstat(link).catch(() => undefined);
  if (!present?.isSymbolicLink() || (await readlink(link)) !== agentRoot) {
    await rm(link, { recursive: true, force: true });
    await symlink(agentRoot, link, 'dir');
  }
  // Ends Node's search for a package.json, so that a surrounding project does not decide the module type of agents.
  await writeFile(join(root, 'package.json'), '{ "private": true }\n');
}
