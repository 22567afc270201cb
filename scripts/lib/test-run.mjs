import { chmodSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDiskFolder, makeFastFolder, removeIfEmpty } from './fast-folder.mjs';
import { progress, say, seconds } from './output.mjs';
import { endProcessesOf } from './processes.mjs';
import { sum } from './report.mjs';
import { obtainResources } from './resources.mjs';
import { chooseStages } from './stages.mjs';

/**
 * Runs what `args` ask for and says how it went; the last line is `N passed, N failed, N skipped`. Suites whose needs
 * the machine lacks are named with the reason and counted as skipped, with CI=true as failed. Resolves to the exit code.
 */
export async function runTests({ root, args, env, signal }) {
  const { folder, remove } = (env.TMPDIR ? undefined : makeFastFolder()) ?? makeDiskFolder(tmpdir());
  // For what is started here as well, PostgreSQL above all.
  process.env.TMPDIR = folder;
  try {
    return await runIn({ root, args, env, signal, folder });
  } finally {
    await endProcessesOf(folder);
    remove();
  }
}

/**
 * What stages start has their own folder in its environment, its arguments or as its working folder, and is known by that: a runner that
 * is ended runs no hook of its tests, and the installations of these would go on.
 */
function makeStagesFolder(folder) {
  const own = join(folder, 'tests');
  mkdirSync(own);
  // As the one that it is in: tests start a PostgreSQL too.
  chmodSync(own, 0o711);
  return own;
}

async function runIn({ root, args, env, signal, folder }) {
  const stagesFolder = makeStagesFolder(folder);
  const { build, stages, filters } = chooseStages(args);
  const results = [];
  const context = {
    root,
    env: { ...env, TMPDIR: stagesFolder },
    filters,
    signal,
    color: process.stdout.isTTY === true,
  };
  // Beside what needs none of them: much of it is waiting for others.
  const obtaining = stages.some(({ needsResources }) => needsResources) ? obtain(context, stages) : NOTHING;
  // Said when it is waited for.
  obtaining.catch(() => {});
  const [built] = await runBatch([build], context);
  results.push(built);

  const left = built.failed > 0 ? stages.filter(({ needsResources }) => !needsResources) : stages;
  try {
    for (const batch of sideBySide(left)) {
      if (signal.aborted) continue;
      const env = batch.some(({ needsResources }) => needsResources) ? (await waitFor(obtaining)).env : context.env;
      results.push(...(await runBatch(batch, { ...context, env })));
    }
  } finally {
    // Before what they use.
    const ended = await endProcessesOf(stagesFolder);
    if (ended > 0 && !signal.aborted) say(`ended what tests had left running: ${ended}`);
    removeIfEmpty(stagesFolder);
    await (await obtaining).release();
  }
  const notRun = stages.filter((stage) => !left.includes(stage));
  const blocked = notRun.map(({ name }) => ({ name, reason: 'the build failed' }));
  return conclude({ results, skipped: [...(await obtaining).skipped, ...blocked], env, signal });
}

const NOTHING = Promise.resolve({ skipped: [], release: async () => {} });

async function waitFor(obtaining) {
  const clear = progress('Obtaining PostgreSQL, Python packages, a browser, scanners …', process.stdout);
  try {
    return await obtaining;
  } finally {
    clear();
  }
}

function obtain({ root, env, signal }, stages) {
  const endToEnd = stages.some(({ group }) => group === 'e2e');
  return obtainResources({ root, env, signal, endToEnd });
}

/** Stages one after the other; neighbours that name the same `beside` at once. */
export function sideBySide(stages) {
  const batches = [];
  for (const stage of stages) {
    const last = batches.at(-1);
    if (stage.beside && last?.[0].beside === stage.beside) last.push(stage);
    else batches.push([stage]);
  }
  return batches;
}

async function runBatch(stages, context) {
  const clear = progress(`${stages.map(({ name }) => name).join(', ')} …`, process.stdout);
  const ran = await Promise.all(
    stages.map(async ({ name, run }) => {
      const began = Date.now();
      return { name, result: await run(context), milliseconds: Date.now() - began };
    }),
  );
  clear();
  if (!context.signal.aborted) for (const each of ran) tell(each);
  return ran.map(({ result }) => result);
}

function tell({ name, result, milliseconds }) {
  const { passed, failed, skipped } = result;
  const counts = `${passed} passed${failed ? `, ${failed} failed` : ''}${skipped ? `, ${skipped} skipped` : ''}`;
  say(`${failed ? '✗' : '✓'} ${name}: ${counts} (${seconds(milliseconds)})`);
  if (failed > 0) {
    say(result.output?.trimEnd() ?? '');
    for (const failure of result.failures) say(`  failed: ${failure}`);
  }
}

/**
 * Says what was skipped and, last, the counts; the exit code is 1 where anything failed, 130 where the run was stopped.
 */
export function conclude({ results, skipped, env, signal }) {
  if (signal.aborted) {
    say('Stopped before the end.');
    return 130;
  }
  const inCi = env.CI !== undefined && env.CI !== '' && env.CI !== 'false' && env.CI !== '0';
  for (const { file, count } of results.flatMap((result) => result.skippedFiles)) {
    say(`skipped in ${file}: ${count} ${count === 1 ? 'test' : 'tests'}`);
  }
  for (const { name, reason } of skipped) say(`skipped suite ${name}: ${reason}`);
  if (inCi && skipped.length > 0) say('CI is set: a suite that cannot be run counts as failed.');
  const total = sum(results);
  total[inCi ? 'failed' : 'skipped'] += skipped.length;
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 ? 1 : 0;
}
