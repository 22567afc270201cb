import { readArguments, UsageError } from './arguments.js';
import { type Figure, type Measurement, meets } from './figure.js';
import { checkCold } from './figures/check-cold.js';
import { checkWarm } from './figures/check-warm.js';
import { cliList, cliVersion } from './figures/command-line.js';
import { dockerReady } from './figures/docker-ready.js';
import { hotPathWrites } from './figures/hot-path-writes.js';
import { idleMemory } from './figures/idle-memory.js';
import { introspection } from './figures/introspection.js';
import { listScale } from './figures/list-scale.js';
import { officialCommands } from './figures/official-commands.js';
import { officialDeploy } from './figures/official-deploy.js';
import { pack } from './figures/pack.js';
import { relay } from './figures/relay.js';
import { revocationFollows } from './figures/revocation-follows.js';
import { servicesRoute, usersRoute } from './figures/route-share.js';
import { secondStart } from './figures/second-start.js';
import { tokenCheck } from './figures/token-check.js';
import { warmStart } from './figures/warm-start.js';
import { jsonLine, table } from './report.js';
import { createResources } from './resources.js';

const figures: readonly Figure[] = [
  usersRoute,
  servicesRoute,
  checkWarm,
  checkCold,
  tokenCheck,
  introspection,
  hotPathWrites,
  revocationFollows,
  listScale,
  warmStart,
  relay,
  dockerReady,
  cliVersion,
  cliList,
  officialCommands,
  officialDeploy,
  pack,
  idleMemory,
  secondStart,
];

const say = (line: string) => process.stdout.write(`${line}\n`);
const tell = (line: string) => process.stderr.write(`${line}\n`);
const describeError = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

const resources = createResources((error) => tell(`Cleaning up: ${describeError(error)}`));
let broken = false;

function stop(why: string, exitCode: number): void {
  if (broken) return; // npm passes Ctrl-C on to a process that the terminal has told already.
  broken = true;
  tell(why);
  void resources.close().then(() => process.exit(exitCode));
}

/** A figure that could not be measured fails the run, but not the others. */
async function measure({ name, measure: run }: Figure): Promise<Measurement[] | undefined> {
  const ofFigure = createResources((error) => tell(`${name}: cleaning up: ${describeError(error)}`));
  resources.onClose(() => ofFigure.close());
  tell(`${name}: starting`);
  try {
    return await run({ resources: ofFigure, progress: (line) => tell(`${name}: ${line}`) });
  } catch (error) {
    if (!broken) tell(`${name}: could not be measured: ${describeError(error)}`);
    return undefined;
  } finally {
    await ofFigure.close();
  }
}

async function run(): Promise<number> {
  const { names, json } = readArguments(
    process.argv.slice(2),
    figures.map(({ name }) => name),
  );
  const found: Measurement[] = [];
  let complete = true;
  for (const figure of figures.filter(({ name }) => names.includes(name))) {
    if (broken) break;
    const measured = await measure(figure);
    complete &&= measured !== undefined;
    found.push(...(measured ?? []));
    if (json) for (const measurement of measured ?? []) say(jsonLine(measurement));
  }
  if (!json && found.length > 0) say(table(found));
  return complete && found.every(meets) ? 0 : 1;
}

for (const [signal, exitCode] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => stop('Stopping; what was started is ended and removed …', exitCode));
}
// What escapes must not leave processes behind.
process.on('uncaughtException', (error) => stop(describeError(error), 1));
process.on('unhandledRejection', (error) => stop(describeError(error), 1));
try {
  const code = await run();
  if (!broken) process.exitCode = code;
} catch (error) {
  tell(error instanceof UsageError ? error.message : describeError(error));
  process.exitCode = 2;
}
