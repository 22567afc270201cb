import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { copyOfCheckout } from './support/checkout.js';
import { plainEnvironment } from './support/environment.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { isFree, preferredPort } from './support/ports.js';
import { run } from './support/processes.js';
import { until } from './support/wait.js';

afterAll(cleanUp);

/** The blocks of the README that a reader types in the second terminal, in order. */
function tourOf(readme: string): string {
  return [...readme.matchAll(/^```sh tour\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('');
}

/** Lines of a log arrive a moment after they were written; whoever does not see theirs looks again. */
const patient = `pipecat() {
  if [ "$*" = 'cloud agent logs echo' ]; then
    until command pipecat "$@" | grep 'hello from the tour' > /dev/null; do sleep 0.2; done
  fi
  command pipecat "$@"
}
`;

test('the tour of the README, word for word, in two terminals', async () => {
  const checkout = copyOfCheckout();
  const port = await preferredPort();
  // The README speaks of port 7400; where something else holds it, the address is told by the two variables made for that.
  const elsewhere = port === 7400 ? {} : { PORT: String(port), PIPECAT_API_HOST: `http://localhost:${port}` };
  // Its readers have terminals, where lists are tables.
  const environment = { ...plainEnvironment(), HOME: temporaryFolder('home'), PIPECAT_OUTPUT: 'rich', ...elsewhere };
  // A process group of its own, as a terminal gives it: Ctrl-C reaches all of it.
  const first = run('npm', ['start'], { cwd: checkout, env: environment, detached: true });
  const isReady = () => first.stdout().trimEnd().endsWith(`ready http://localhost:${port}`);
  await until('npm start is ready', () => isReady() || !first.running(), 120_000);
  if (!isReady()) throw new Error(`npm start ended:\n${first.stdout()}\n${first.stderr()}`);

  const tour = tourOf(readFileSync(inRoot('README.md'), 'utf8'));
  const second = run('bash', ['-e', '-u', '-o', 'pipefail', '-c', patient + tour], { cwd: checkout, env: environment });
  const code = await second.ended;
  expect({ code, errors: code === 0 ? '' : second.stderr() }).toEqual({ code: 0, errors: '' });

  const said = second.stdout();
  expect(said).toContain('owner@localhost');
  expect(said).toContain('GREETING');
  expect(said).not.toContain('good-morning');
  expect(said).toMatch(/echo\s+yes/);
  expect(said).toContain('hello from the tour');

  process.kill(-first.pid, 'SIGINT');
  await first.ended;
  await until('nothing of it listens any more', () => isFree(port));
});
