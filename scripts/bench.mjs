// npm run bench [name…] [--json]: builds what changed, then measures. Stdout belongs to the measurements.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { main, root } from './lib/main.mjs';
import { warn } from './lib/output.mjs';

await main(async () => {
  await build({ root, onStep: (name) => warn(`Building the ${name} …`) });
  const child = spawn(process.execPath, [join(root, 'bench/dist/main.js'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  // Ctrl-C reaches the benchmark by itself, which then cleans up; here it must only not end the wait.
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
