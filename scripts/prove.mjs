// npm run prove -- [--seed N] [--minutes M] …: runs the product under load and faults and checks it from outside.
import { main } from './lib/main.mjs';
import { runProgram } from './lib/run-program.mjs';

await main(() => runProgram('prove/dist/main.js'));
