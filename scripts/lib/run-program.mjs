import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './main.mjs';
import { warn } from './output.mjs';

/** Builds what changed, then runs a program of the checkout with the arguments of this one. Resolves to its exit code; stdout is its own. */
export async function runProgram(path) {
  await build({ root, onStep: (name) => warn(`Building the ${name} …`) });
  const child = spawn(process.execPath, [join(root, path), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches the program by itself, which then ends all that it started; here it must only not end the wait.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      warn(error.message);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}
