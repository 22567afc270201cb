import { progress, say, seconds } from './output.mjs';
import { sum } from './report.mjs';
import { obtainResources } from './resources.mjs';
import { chooseStages } from './stages.mjs';

/**
 * Runs what `args` ask for and says how it went; the last line is `N passed, N failed, N skipped`. Suites whose needs
 * the machine lacks are named with the reason and counted as skipped, with CI=true as failed. Resolves to the exit code.
 */
export async function runTests({ root, args, env, signal }) {
  const { build, stages, filters } = chooseStages(args);
  const results = [];
  const context = { root, env, filters, signal, color: process.stdout.isTTY === true };
  const built = await runStage(build, context);
  results.push(built);

  const left = built.failed > 0 ? stages.filter(({ needsResources }) => !needsResources) : stages;
  const resources = left.some(({ needsResources }) => needsResources) ? await obtain(context, left) : NOTHING;
  try {
    for (const stage of left) {
      if (signal.aborted) continue;
      results.push(await runStage(stage, { ...context, env: resources.env ?? env }));
    }
  } finally {
    await resources.release();
  }
  const notRun = stages.filter((stage) => !left.includes(stage));
  const blocked = notRun.map(({ name }) => ({ name, reason: 'the build failed' }));
  return conclude({ results, skipped: [...resources.skipped, ...blocked], env, signal });
}

const NOTHING = { skipped: [], release: async () => {} };

async function obtain({ root, env, signal }, stages) {
  const clear = progress('Obtaining PostgreSQL, Python packages, a browser, scanners …', process.stdout);
  try {
    const endToEnd = stages.some(({ group }) => group === 'e2e');
    return await obtainResources({ root, env, signal, endToEnd });
  } finally {
    clear();
  }
}

async function runStage(stage, context) {
  const clear = progress(`${stage.name} …`, process.stdout);
  const began = Date.now();
  const result = await stage.run(context);
  clear();
  if (context.signal.aborted) return result;
  const { passed, failed, skipped } = result;
  const counts = `${passed} passed${failed ? `, ${failed} failed` : ''}${skipped ? `, ${skipped} skipped` : ''}`;
  say(`${failed ? '✗' : '✓'} ${stage.name}: ${counts} (${seconds(Date.now() - began)})`);
  if (failed > 0) {
    say(result.output?.trimEnd() ?? '');
    for (const failure of result.failures) say(`  failed: ${failure}`);
  }
  return result;
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
