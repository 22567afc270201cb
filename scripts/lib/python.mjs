import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './programs.mjs';
import { run } from './run.mjs';

const PROGRAMS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python'];
const VERSION = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); sys.exit(sys.version_info < (3, 11))';

/** What the agent's Python base needs. */
export const AGENT_BASE = { name: 'python', requirements: 'packages/agent/python/requirements.txt' };
/** What the agent of examples/pipecat-echo needs. */
export const PIPECAT_AGENT = {
  name: 'pipecat',
  requirements: [AGENT_BASE.requirements, 'examples/pipecat-echo/requirements.txt'],
  keepsWheels: false,
};
/** The command line that others publish, of the version that the wire contract was read from. */
export const OFFICIAL_CLI = { name: 'official', requirements: 'e2e/python/official-cli.txt' };
/** The newest of the same. */
export const NEWEST_OFFICIAL_CLI = { name: 'newest-official', requirements: 'e2e/python/official-newest.txt' };
/** What makes requests up from an API document. */
export const FUZZER = { name: 'fuzzer', requirements: 'e2e/python/fuzzer.txt' };
/** A program and no library; it comes as a package. */
export const OBJECT_STORAGE = { name: 'object-storage', requirements: 'e2e/python/object-storage.txt' };

/** The packages as they were downloaded, in the folder of the environment: for whoever installs the same again. */
const WHEELS = 'wheels';

/**
 * A Python interpreter with the packages of requirements files, in a virtual environment that is kept under
 * node_modules/.cache until the requirements or the Python change. Returns `{ python }`, or `{ reason }`.
 */
export async function obtainPython(root, signal, { name, requirements, keepsWheels = true } = AGENT_BASE) {
  const files = [requirements].flat().map((file) => join(root, file));
  const absent = files.find((file) => !existsSync(file));
  if (absent) return { reason: `${absent} is missing` };
  const base = await findPython(signal);
  if (!base) return { reason: 'no Python 3.11 or newer on this machine (install python3)' };
  const pip = await obtainPip(root, base, signal);
  if (pip.reason) return pip;
  const contents = files.map((file) => readFileSync(file, 'utf8')).join('') + PIP + WHEELS;
  return kept(root, name, { base, contents }, async (folder, python) => {
    const made = await run(base.program, ['-m', 'venv', '--without-pip', folder], { signal });
    if (made.code !== 0) return `python -m venv failed (install python3-venv): ${lastLine(made.output)}`;
    const at = ['-m', 'pip', '--python', python];
    const lists = files.flatMap((file) => ['-r', file]);
    const wheels = join(folder, WHEELS);
    if (keepsWheels) {
      const gathered = await run(pip.python, [...at, 'wheel', ...QUIETLY, '-w', wheels, ...lists], { signal });
      if (gathered.code !== 0) return `pip could not obtain the requirements: ${lastLine(gathered.output)}`;
    }
    // What is imported is compiled then.
    const options = ['--no-compile', ...(keepsWheels ? ['--no-index', '--find-links', wheels] : [])];
    const filled = await run(pip.python, [...at, 'install', ...QUIETLY, ...options, ...lists], { signal });
    if (filled.code !== 0) return `pip could not install the requirements: ${lastLine(filled.output)}`;
  });
}

const QUIETLY = ['--disable-pip-version-check', '--no-input', '--quiet'];
/** The pip that comes with Python 3.11 takes four times as long to look through an index. */
const PIP = 'pip==26.3';
const pips = new Map();

/** A Python with a current pip, which fills all the others; one for all who ask at once. */
function obtainPip(root, base, signal) {
  const known = pips.get(base.program);
  if (known) return known;
  const obtaining = kept(root, 'installer', { base, contents: PIP }, async (folder, python) => {
    const made = await run(base.program, ['-m', 'venv', folder], { signal });
    if (made.code !== 0) return `python -m venv failed (install python3-venv): ${lastLine(made.output)}`;
    const filled = await run(python, ['-m', 'pip', 'install', ...QUIETLY, PIP], { signal });
    if (filled.code !== 0) return `${PIP} could not be installed: ${lastLine(filled.output)}`;
  });
  pips.set(base.program, obtaining);
  return obtaining;
}

/**
 * A virtual environment under node_modules/.cache that is kept until its contents or the Python change. `make` resolves to a
 * reason where it could not be made. Returns `{ python }`, or `{ reason }`.
 */
async function kept(root, name, { base, contents }, make) {
  const cache = join(root, 'node_modules', '.cache', 'pipecat-cloud');
  const key = createHash('sha256').update(contents).update(`${base.program} ${base.version}`);
  const folder = join(cache, `${name}-${key.digest('hex').slice(0, 16)}`);
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { python };
  mkdirSync(cache, { recursive: true });
  for (const entry of readdirSync(cache)) {
    if (entry.startsWith(`${name}-`)) rmSync(join(cache, entry), { recursive: true, force: true });
  }
  const reason = await make(folder, python);
  if (reason) return { reason };
  writeFileSync(complete, '');
  return { python };
}

async function findPython(signal) {
  for (const name of PROGRAMS) {
    const program = onPath([name]);
    if (!program) continue;
    const { code, output } = await run(program, ['-c', VERSION], { signal });
    if (code === 0) return { program, version: output.trim() };
  }
  return undefined;
}

function lastLine(output) {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => /^error/i.test(line)) ?? lines.at(-1) ?? '';
}
