// npm run bench [name…] [--json]: measures. Stdout belongs to the measurements.
import { main } from './lib/main.mjs';
import { runProgram } from './lib/run-program.mjs';

await main(() => runProgram('bench/dist/main.js'));
