// npm run build: builds everything that changed.
import { build } from './lib/build.mjs';
import { main, root } from './lib/main.mjs';
import { warn } from './lib/output.mjs';

await main(() => build({ root, onStep: (name) => warn(`Building the ${name} …`) }));
