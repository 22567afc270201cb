// npm run prove -- [--seed N] [--minutes M] …: builds what changed, then runs the product under load and faults and checks it from outside.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { main, root } from './lib/main.mjs';
import { warn } from './lib/output.mjs';

await main(async () => {
  await build({ root, onStep: (name) => warn(`Building the ${name} …`) });
  const child = spawn(process.execPath, [join(root, 'prove/dist/main.js'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  // Ctrl-C reaches the prover by itself, which then ends all that it started; here it must only not end the wait.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      warn(error.message);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
});
