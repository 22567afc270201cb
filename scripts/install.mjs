// Installs the dependencies when, and only when, the lockfile asks for others than those that are there.
// Runs before start, test and bench with whatever Node the machine has, so nothing newer than Node 18 may be used here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;
// How npm reports requests at its log level "http".
const ANSWERED = /^npm http fetch GET \d{3} /m;
const UNREACHABLE = new RegExp(`^npm http fetch GET .* failed with ${OFFLINE.source}`, 'gm');
const GIVE_UP_AFTER = 3;

/** Whether a Node of this version (`process.versions.node`) can run the project. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 14);
}

/** The systems for which a current Node comes with the dependencies. */
function bringsNode(platform, arch) {
  return platform === 'linux' && (arch === 'x64' || arch === 'arm64');
}

function stampFile(root) {
  return join(root, 'node_modules', '.pipecat-cloud-install');
}

function fingerprint(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Compares the lockfile with the record that npm leaves at the end of each complete installation. */
function matchesRecord(root) {
  const wanted = readJson(join(root, 'package-lock.json'));
  const record = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !record) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    const found = record.packages[path];
    // The project's own packages are where they are; only the programs that they bring are installed.
    if (!path.includes('node_modules/')) return JSON.stringify(found?.bin) === JSON.stringify(entry.bin);
    if (!found) return entry.optional === true || entry.devOptional === true || entry.peer === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** Whether `node_modules` holds what the lockfile says; a hand-made `npm install` counts as well. */
export function isInstalled(root) {
  const stamp = stampFile(root);
  const expected = fingerprint(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === expected) return true;
  if (!matchesRecord(root)) return false;
  writeStamp(root, expected);
  return true;
}

function writeStamp(root, value) {
  mkdirSync(dirname(stampFile(root)), { recursive: true });
  writeFileSync(stampFile(root), `${value}\n`);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Shows that something is going on; only where a person looks on, so that log files stay readable. */
function showElapsed(line) {
  if (!process.stderr.isTTY) {
    say(line);
    return () => {};
  }
  const began = Date.now();
  const draw = () => process.stderr.write(`\r${line} ${Math.round((Date.now() - began) / 1000)} s`);
  draw();
  const timer = setInterval(draw, 1000);
  return () => {
    clearInterval(timer);
    process.stderr.write('\n');
  };
}

/** The npm that runs this script where there is one, else the one on the path. */
function npmCommand(env) {
  const running = env.npm_execpath;
  if (running && basename(running) === 'npm-cli.js' && existsSync(running)) return [process.execPath, [running]];
  return ['npm', []];
}

function runNpm(root, env) {
  const [command, first] = npmCommand(env);
  // Not `npm ci`: it refuses a lockfile that lacks the optional packages of other systems, as one does that was written
  // where those could not be fetched. `--no-save` installs the lockfile's versions all the same and leaves it alone.
  // Development and optional packages are named because NODE_ENV=production and omit settings would leave them out.
  const options = [
    '--no-save',
    '--include=dev',
    '--include=optional',
    '--prefer-offline',
    // npm's own pauses of ten seconds and more make a missing network look like a hang.
    '--fetch-retry-mintimeout=500',
    '--fetch-retry-maxtimeout=2000',
    '--loglevel=http',
    '--no-progress',
  ];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, 'install', ...options], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk) => {
      output += chunk;
      // npm would go on for minutes, package by package. It has changed nothing yet.
      if (!ANSWERED.test(output) && (output.match(UNREACHABLE)?.length ?? 0) >= GIVE_UP_AFTER) child.kill();
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

function explain(output) {
  const errors = output.split('\n').filter((line) => !/^npm (http|warn|notice) /.test(line));
  const offline = OFFLINE.exec(output);
  if (offline) {
    return (
      `No network: the package registry could not be reached (${offline[1]}). ` +
      'Dependencies are downloaded once; connect this machine (or set npm’s proxy or registry) and run the command again.'
    );
  }
  return `${errors.join('\n').trim()}\nInstalling the dependencies failed: see npm's message above.`;
}

/** The bundled Node is linked against glibc; where it cannot run it must not hide the machine's own. */
function dropBrokenNode(root) {
  const bundled = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(bundled) && spawnSync(bundled, ['--version']).status !== 0) rmSync(bundled);
  return existsSync(bundled);
}

function tooOld(version) {
  return `Pipecat Cloud needs Node 22.14 or newer, this machine has ${version}: install a current one from https://nodejs.org.`;
}

/** Makes `node_modules` match the lockfile. Returns the exit code; what went wrong has been said by then. */
export async function install(root, env = process.env) {
  const { node } = process.versions;
  if (!isNewEnough(node) && !bringsNode(process.platform, process.arch)) {
    say(tooOld(node));
    return 1;
  }
  if (!isInstalled(root)) {
    const began = Date.now();
    const done = showElapsed('Installing dependencies (about 20 seconds the first time) …');
    const { ok, output } = await runNpm(root, env);
    done();
    if (!ok) {
      say(explain(output));
      return 1;
    }
    dropBrokenNode(root);
    writeStamp(root, fingerprint(root));
    say(`Installed in ${Math.round((Date.now() - began) / 1000)} s.`);
  }
  if (!isNewEnough(node) && !existsSync(join(root, 'node_modules', '.bin', 'node'))) {
    say(tooOld(node));
    return 1;
  }
  return 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await install(join(dirname(fileURLToPath(import.meta.url)), '..'));
}
