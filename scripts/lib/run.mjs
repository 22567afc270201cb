import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and collects what it writes, both streams in the order of arrival. Never throws:
 * a program that cannot be started gives `code: 127` and the reason as output; an aborted one `code: 130` as soon as it has ended,
 * also where what it started goes on and holds its output open.
 */
export function run(command, args, { cwd, env = process.env, signal, uid, gid } = {}) {
  return new Promise((resolve) => {
    const began = Date.now();
    const chunks = [];
    const child = spawn(command, args, {
      cwd,
      env,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid }),
    });
    const finish = (code, note = '') => {
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') + note, milliseconds: Date.now() - began });
    };
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => {
      if (error.name !== 'AbortError') finish(127, `${command}: ${error.message}\n`);
    });
    child.on('exit', () => {
      if (signal?.aborted) finish(130);
    });
    child.on('close', (code, killedBy) => {
      if (signal?.aborted) finish(130);
      else finish(code ?? 1, killedBy ? `${command} was ended by ${killedBy}\n` : '');
    });
  });
}
