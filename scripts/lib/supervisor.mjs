import { join } from 'node:path';
import { passHandOvers } from './hand-over.mjs';
import { takeLock } from './lock.mjs';
import { progress, say, seconds, surviveClosedOutput, warn } from './output.mjs';
import { prepareDataFolder, requireFreePort } from './preflight.mjs';
import { childEnvironment, readSettings } from './settings.mjs';
import { createSupervised, ExitedEarly } from './supervised.mjs';

// A worker gives its agents two seconds and then removes them; on a busy machine that takes longer, and what is killed meanwhile leaves
// them running.
const STOP_MS = 30_000;
const SLOW_MS = 15_000;
// npm passes Ctrl-C on to a process that the terminal has told already: two within this time are one.
const SAME_KEYPRESS_MS = 500;

/**
 * Checks what can be checked, builds, runs the control plane and the worker, and stays until it is told to stop.
 * Resolves to the exit code. `build({ signal })` and `files` (`{ controlPlane, worker }`) are handed in,
 * `stopDeadline` (ms) is how long each process may take to stop, `sameKeypress` (ms) how far apart two signals may be that are one.
 */
export async function supervise({ root, env, files, build, stopDeadline = STOP_MS, sameKeypress = SAME_KEYPRESS_MS }) {
  surviveClosedOutput();
  const settings = readSettings(env, root);
  prepareDataFolder(settings.dataDir);
  const lock = await takeLock(settings.dataDir, { url: settings.localUrl, closingDeadline: stopDeadline });
  try {
    await requireFreePort(settings, lock.tookOver ? stopDeadline : 0);
    return await runAll({ root, env, files, build, stopDeadline, sameKeypress, settings, lock });
  } finally {
    lock.release();
  }
}

async function runAll({ root, env, files, build, stopDeadline, sameKeypress, settings, lock }) {
  const isStopping = () => stop.signal.aborted;
  const common = {
    cwd: root,
    env: childEnvironment(env, settings),
    stopDeadline,
    isStopping,
    onChange: () => remember(),
  };
  const logs = {
    controlPlane: join(settings.dataDir, 'control-plane.log'),
    worker: join(settings.dataDir, 'worker.log'),
  };
  const controlPlane = createSupervised({
    ...common,
    name: 'control plane',
    file: files.controlPlane,
    log: logs.controlPlane,
    onSpawn: (child) => passHandOvers(child, () => worker.child()),
  });
  const worker = createSupervised({ ...common, name: 'worker', file: files.worker, log: logs.worker });
  const all = [worker, controlPlane]; // In the order of stopping.
  const remember = () => lock.setChildren(all.map(({ pid }) => pid()).filter((pid) => pid !== undefined));

  const stop = listenForStop(all, sameKeypress);
  const stopAll = async () => {
    for (const each of all) await each.stop();
  };
  try {
    await Promise.race([build({ signal: stop.signal }), stop.asked]);
    if (stop.signal.aborted) return stop.exitCode();
    const notes = await Promise.race([startBoth(controlPlane, worker), stop.asked]);
    if (notes) {
      describe(settings, logs, notes);
      await stop.asked;
    }
    say('Stopping …');
    await stopAll();
    say('Stopped.');
    return stop.exitCode();
  } catch (error) {
    if (stop.signal.aborted) return stop.exitCode();
    await stopAll();
    if (error instanceof ExitedEarly) return 1;
    throw error;
  }
}

async function startBoth(controlPlane, worker) {
  const first = await watched(controlPlane);
  return [...first, ...(await watched(worker))];
}

/** Starts one; a person who waits is told for what. */
async function watched(supervised) {
  const clear = progress(`Starting the ${supervised.name} …`);
  const slow = setTimeout(() => {
    warn(`The ${supervised.name} is not ready after ${seconds(SLOW_MS)}; still waiting.`);
  }, SLOW_MS);
  try {
    return await supervised.start();
  } finally {
    clearTimeout(slow);
    clear();
  }
}

/** Where things are stands in the control plane's notes; it alone knows its settings. The ready line is the last. */
function describe({ localUrl }, logs, notes) {
  say('Pipecat Cloud is running: a control plane and a worker.');
  for (const note of notes) say(note);
  say(`Logs               ${logs.controlPlane}`);
  say(`                   ${logs.worker}`);
  say('Ctrl-C stops it.');
  say(`ready ${localUrl}`);
}

/** `asked` resolves at the first signal to stop; a second one kills at once. */
function listenForStop(all, sameKeypress) {
  const controller = new AbortController();
  let resolveAsked;
  let firstAt = 0;
  let killed = false;
  const asked = new Promise((resolve) => {
    resolveAsked = resolve;
  });
  function onSignal() {
    if (!firstAt) {
      firstAt = Date.now();
      controller.abort();
      resolveAsked();
    } else if (Date.now() - firstAt > sameKeypress) {
      killed = true;
      for (const each of all) each.kill();
    }
  }
  // Never taken off again: one signal more must not cut the end short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  return {
    asked,
    signal: controller.signal,
    exitCode: () => (killed ? 130 : 0),
  };
}
