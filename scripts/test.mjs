// npm test [-- lint | unit | e2e | filter…]: builds, checks and tests; the last line has the counts.
import { main, root } from './lib/main.mjs';
import { runTests } from './lib/test-run.mjs';

await main(async () => {
  const stop = new AbortController();
  // What was started for the tests is taken down before the end.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => stop.abort());
  return runTests({ root, args: process.argv.slice(2), env: process.env, signal: stop.signal });
});
