import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Counts from vitest's JSON report: `{ passed, failed, skipped, failures, skippedFiles }`. A file that could not be
 * loaded counts as one failure, and so does a run that failed without saying where (`code` is its exit code).
 * `failures` are lines for people; `skippedFiles` are `{ file, count }`.
 */
export function readVitestReport(file, { root, code }) {
  if (!existsSync(file)) return { ...none(), failed: 1, failures: ['vitest ended without a report'] };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const result = none();
  for (const suite of report.testResults) addSuite(result, suite, relative(root, suite.name));
  if (code !== 0 && result.failed === 0) {
    result.failed = 1;
    const nothing = report.testResults.length === 0;
    result.failures.push(nothing ? 'no test file matches' : 'vitest failed outside of the tests (see its output)');
  }
  return result;
}

function none() {
  return { passed: 0, failed: 0, skipped: 0, failures: [], skippedFiles: [] };
}

function addSuite(result, suite, file) {
  const count = (...states) => suite.assertionResults.filter(({ status }) => states.includes(status)).length;
  const failed = suite.assertionResults.filter(({ status }) => status === 'failed');
  const skipped = count('skipped', 'pending', 'todo', 'disabled');
  result.passed += count('passed');
  result.skipped += skipped;
  result.failed += failed.length;
  for (const { fullName } of failed) result.failures.push(`${file} > ${fullName}`);
  if (suite.status === 'failed' && failed.length === 0) {
    result.failed += 1;
    result.failures.push(`${file}: ${firstLine(suite.message) || 'could not be run'}`);
  }
  if (skipped > 0) result.skippedFiles.push({ file, count: skipped });
}

/** The counts of something that either holds or not. */
export function oneCheck(code) {
  return { ...none(), passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}

/** The sum of the counts. */
export function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const key of Object.keys(total)) for (const result of results) total[key] += result[key];
  return total;
}

function firstLine(text = '') {
  return text.trim().split('\n')[0] ?? '';
}
