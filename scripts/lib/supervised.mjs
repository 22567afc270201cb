import { fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import { followLog, openForAppend } from './log-file.mjs';
import { shortForm } from './log-line.mjs';
import { printable, say, warn } from './output.mjs';
import { serviceArguments } from './service-arguments.mjs';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const SETTLED_MS = 30_000;
const CRASHES_BEFORE_READY = 5;

/**
 * One process that is kept running. `name` is for people, `file` the module to run, `log` the file that both its
 * streams go to. `onChange` is called whenever its process number changed, `onSpawn` with each child process. `stopDeadline` is in
 * milliseconds;
 * `isStopping` tells whether everything is being stopped: warnings then stay in the log.
 *
 * - `start()` resolves to its notes once it said that it is ready, and rejects with an ExitedEarly when it ended
 *   before it ever was, or crashed five times in a row.
 * - Once it has been ready it is restarted whenever it ends, after 0.1 s, doubling to 5 s.
 * - `stop()` asks it to end (SIGINT), kills its process group after the deadline, and resolves when it is gone.
 * - `kill()` does not ask.
 */
export function createSupervised({ name, file, log, env, cwd, stopDeadline, isStopping, onChange, onSpawn }) {
  let child;
  let follower;
  let stopping = false;
  let everReady = false;
  let shown = 0;
  let failures = 0;
  let restart;
  let settle;
  const gone = [];

  function show(line) {
    const short = shortForm(line);
    // While one is stopped on purpose, the other rightly warns that it lost it.
    if (!short || (short.level === 'warning' && isStopping())) return;
    shown += 1;
    warn(short.level === 'plain' ? short.text : `${name}: ${short.level}: ${short.text}`);
  }

  function spawn() {
    const fd = openForAppend(log);
    follower ??= followLog(log, show);
    shown = 0;
    // A process group of its own, so that Ctrl-C reaches the supervisor alone, which then stops things in order.
    child = fork(file, [], {
      cwd,
      env,
      detached: true,
      execArgv: serviceArguments,
      stdio: ['ignore', fd, fd, 'ipc'],
    });
    closeSync(fd);
    const startedAt = Date.now();
    child.on('message', onMessage);
    onSpawn?.(child);
    child.on('error', (error) => warn(`${name}: ${error.message}`));
    child.once('exit', (code, signal) => onExit({ code, signal, lived: Date.now() - startedAt }));
    onChange();
  }

  function onMessage(message) {
    if (message?.type === 'notice' && typeof message.text === 'string') {
      for (const line of message.text.split('\n')) say(printable(line));
    }
    if (message?.type !== 'ready') return;
    everReady = true;
    settle?.resolve(Array.isArray(message.notes) ? message.notes.map((note) => printable(String(note))) : []);
    settle = undefined;
  }

  function onExit({ code, signal, lived }) {
    child = undefined;
    onChange();
    follower.drain();
    for (const resolve of gone.splice(0)) resolve();
    if (stopping) return;
    failures = lived > SETTLED_MS ? 1 : failures + 1;
    const how = signal ? `ended by ${signal}` : `exit code ${code}`;
    if (!everReady && (!signal || failures >= CRASHES_BEFORE_READY)) {
      // Its own line says best what is wrong; only a silent end needs one of ours.
      if (shown === 0) warn(`The ${name} stopped before it was ready (${how}); its log: ${log}`);
      settle?.reject(new ExitedEarly());
      settle = undefined;
      return;
    }
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
    warn(`The ${name} stopped unexpectedly (${how}); starting it again in ${delay / 1000} s.`);
    restart = setTimeout(spawn, delay);
  }

  function signalGroup(signal) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      child?.kill(signal);
    }
  }

  function giveUpStarting() {
    stopping = true;
    clearTimeout(restart);
    settle?.reject(new ExitedEarly());
    settle = undefined;
  }

  function kill() {
    giveUpStarting();
    if (child) signalGroup('SIGKILL');
  }

  return {
    name,
    pid: () => child?.pid,
    child: () => child,
    kill,
    start() {
      return new Promise((resolve, reject) => {
        // Asked to stop while the one before it was getting ready: then this one is never started.
        if (stopping) return reject(new ExitedEarly());
        settle = { resolve, reject };
        spawn();
      });
    },
    async stop() {
      giveUpStarting();
      if (child) {
        const ended = new Promise((resolve) => gone.push(resolve));
        // As Ctrl-C would: it ends a worker's agents too. With SIGTERM they would go on, as they do when it dies.
        child.kill('SIGINT');
        const timer = setTimeout(() => {
          warn(`The ${name} did not stop within ${stopDeadline / 1000} s; ending it.`);
          signalGroup('SIGKILL');
        }, stopDeadline);
        await ended;
        clearTimeout(timer);
      }
      follower?.close();
      follower = undefined;
    },
  };
}

/** A process ended before it was ready; why has been said. */
export class ExitedEarly extends Error {}
