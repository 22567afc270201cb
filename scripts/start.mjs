// npm start: control plane and worker as two supervised processes.
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { main, root } from './lib/main.mjs';
import { warn } from './lib/output.mjs';
import { supervise } from './lib/supervisor.mjs';

await main(() =>
  supervise({
    root,
    env: process.env,
    files: {
      controlPlane: join(root, 'packages/server/dist/main.js'),
      worker: join(root, 'packages/worker/dist/main.js'),
    },
    build: ({ signal }) => build({ root, scope: 'product', signal, onStep: (name) => warn(`Building the ${name} …`) }),
  }),
);
