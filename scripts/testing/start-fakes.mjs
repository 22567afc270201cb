// What start.mjs does, with fake processes and nothing to build.
import { join } from 'node:path';
import { main, root } from '../lib/main.mjs';
import { supervise } from '../lib/supervisor.mjs';

const folder = join(root, 'scripts/testing');

await main(() =>
  supervise({
    root,
    env: process.env,
    files: { controlPlane: join(folder, 'fake-control-plane.mjs'), worker: join(folder, 'fake-worker.mjs') },
    build: async () => {},
    stopDeadline: Number(process.env.FAKE_STOP_DEADLINE ?? 10_000),
    ...(process.env.FAKE_SAME_KEYPRESS ? { sameKeypress: Number(process.env.FAKE_SAME_KEYPRESS) } : {}),
  }),
);
