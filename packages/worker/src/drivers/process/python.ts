import { execFile } from 'node:child_process';
import { createHash, scrypt } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DriverError } from '../driver.js';
import { makeFolder, readText } from './files.js';
import { createKeyedQueue } from './keyed-queue.js';
import type { Requirements } from './launch-plan.js';
import type { ProcessTable } from './process-table.js';
import { standsAlone } from './requirements.js';
import { runStep, type Step } from './run-step.js';

/** Where and how the steps of one environment run. */
export type PythonJob = Omit<Step, 'name' | 'command'> & {
  requirements: Requirements | undefined;
  /** Identifies the context, for requirements that refer to other files of it. */
  contextSha256: string;
  organizationId: string;
  /** Of the build: they may say where its packages come from. */
  secrets: Readonly<Record<string, string>>;
};

export interface PythonDeps {
  /** Folder of all environments. */
  root: string;
  table: ProcessTable;
  /** The Python base of agents, with its own requirements.txt. */
  base: string;
}

interface Contents {
  /** As `pythonVersion` says. */
  version: string;
  /** The text of the base's requirements.txt, and that of the agent. */
  base: string;
  own: string;
  contextSha256: string;
  organizationId: string;
  /** As `secretsDigest` says. */
  secrets: string;
}

/** The name of the environment that has this in it. Of two organizations each has its own: their agents can write to it. */
export function environmentName({ version, base, own, contextSha256, organizationId, secrets }: Contents): string {
  const parts = [version, base, own, standsAlone(own) ? '' : contextSha256, organizationId, secrets];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

const slowHash = promisify<string, string, number, Buffer>(scrypt);

/** Empty where there are none. Slow to make: it goes into a name that every agent can read, which must not tell a value that can be guessed. */
async function secretsDigest(organizationId: string, secrets: Readonly<Record<string, string>>): Promise<string> {
  const entries = Object.entries(secrets).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return '';
  return (await slowHash(JSON.stringify(entries), organizationId, 16)).toString('hex');
}

/** In the folder of an environment once all of it is there. */
export const completeFile = '.complete';

/** Python environments, one for each set of requirements and shared by the builds of an organization that have the same, and the same secrets. */
export function createPythonEnvironments({ root, table, base }: PythonDeps) {
  const inTurn = createKeyedQueue();
  const complete = (name: string) => join(root, name, completeFile);

  async function make(name: string, job: PythonJob, baseFile: string | undefined): Promise<void> {
    const folder = join(root, name);
    if ((await readText(complete(name))) !== undefined) {
      // A log without a line reads as a build that has not begun.
      job.onLine('A Python environment with these requirements is there already');
      return;
    }
    // A half-made one: the worker ended meanwhile. Environments can't be moved, so it is made in place.
    await rm(folder, { recursive: true, force: true });
    await makeFolder(root);
    await mkdir(folder, { mode: 0o700 });
    const step = (title: string, command: Step['command']) => runStep(table, { ...job, name: title, command });
    job.onLine('Making a Python environment');
    await step("Making a Python environment (on Debian and Ubuntu it needs the package 'python3-venv')", [
      'python3',
      '-m',
      'venv',
      folder,
    ]);
    const lists = [baseFile, await ownList(folder, job.requirements)].flatMap((file) => (file ? ['-r', file] : []));
    if (lists.length > 0) {
      const pip = [join(folder, 'bin', 'python'), '-m', 'pip', 'install'] as const;
      await step('Installing requirements', [...pip, '--disable-pip-version-check', '--no-input', ...lists]);
    }
    await writeFile(complete(name), '');
  }

  return {
    /** Makes the environment unless it is there; returns its name. Throws `DriverError` where it can't be made. */
    async ensure(job: PythonJob): Promise<string> {
      const version = await pythonVersion(job.environment);
      const baseFile = join(base, 'requirements.txt');
      const baseText = await readText(baseFile);
      const own = job.requirements?.text ?? '';
      const { contextSha256, organizationId } = job;
      const secrets = await secretsDigest(organizationId, job.secrets);
      const name = environmentName({ version, base: baseText ?? '', own, contextSha256, organizationId, secrets });
      await inTurn(name, () => make(name, job, baseText === undefined ? undefined : baseFile));
      return name;
    },
    /** The interpreter of an environment; undefined when it is not there or not complete. */
    async interpreter(name: string): Promise<string | undefined> {
      return (await readText(complete(name))) === undefined ? undefined : join(root, name, 'bin', 'python');
    },
    /** Removes the environments that `used` does not name. */
    async prune(used: ReadonlySet<string>): Promise<void> {
      const names = await readdir(root).catch(() => []);
      for (const name of names.filter((candidate) => !used.has(candidate))) {
        await inTurn(name, () => rm(join(root, name), { recursive: true, force: true }));
      }
    },
  };
}

/** The context's own file where there is one: paths in it are relative to it. */
async function ownList(folder: string, requirements: Requirements | undefined): Promise<string | undefined> {
  if (!requirements || requirements.file) return requirements?.file;
  const path = join(folder, 'requirements.txt');
  await writeFile(path, requirements.text);
  return path;
}

/** Of the Python that agents get. Throws `DriverError` where there is none that is new enough. */
export async function pythonVersion(environment: Record<string, string>): Promise<string> {
  const wayOut =
    "Install Python 3.10 or newer as 'python3' on the worker's host, or run a worker with the docker driver.";
  let output: string;
  try {
    const script = 'import sys; print(*sys.version_info[:3], sys.executable)';
    ({ stdout: output } = await promisify(execFile)('python3', ['-c', script], { env: environment }));
  } catch (error) {
    throw new DriverError('PCC_UNKNOWN_ERROR', `This agent needs Python and the worker found none. ${wayOut}`, {
      cause: error,
    });
  }
  const [major, minor] = output.split(' ').map(Number);
  if (major !== 3 || (minor ?? 0) < 10) {
    const found = output.trim().split(' ').slice(0, 3).join('.');
    throw new DriverError('PCC_UNKNOWN_ERROR', `This agent needs Python 3.10 and the worker has ${found}. ${wayOut}`);
  }
  return output.trim();
}
