import { redact } from '@pipecat-cloud/contract/token-format';
import type { Driver, DriverInstance } from '../drivers/driver.js';
import type { Instance } from './instance.js';
import { lastOutput } from './last-output.js';

const longestMessage = 4000;
/** One sentence of ours, with some of the engine's in it. */
const longestDetail = 500;

/** Why an instance that has run for so long is given up. An agent that listens elsewhere is as silent as one that hangs. */
export function neverReady({ address, answers }: Instance, seconds: number): string {
  if (answers) return `It answered within ${seconds} s, but always that it is not ready: 503 to GET /readyz`;
  const port = address === undefined ? 'its port' : `port ${new URL(address).port}`;
  return `Nothing answered on ${port} within ${seconds} s; an agent has to listen on the port in its variable PORT`;
}

/** The message with the last lines of output behind it, free of secrets. An adopted instance's secrets aren't known, so its output stays out. */
export async function explain(
  driver: Pick<Driver, 'logs' | 'logEnd'>,
  instance: Instance,
  message: string,
): Promise<string> {
  if (!instance.redactor) return redact(message);
  const lines = await lastOutput(driver, instance.id, instance.redactor).catch(() => []);
  const output = lines.length > 0 ? `Its last output: ${lines.join('\n')}` : 'It wrote nothing';
  return instance.redactor(`${message}. ${output}`).slice(0, longestMessage);
}

/** Of an instance that ran, where nobody can say how it ended. */
export const leftNoTrace = 'The instance ended and left no trace';

/** How an instance ended, as a sentence. An engine may put anything into its words, so they need one whose secrets are known. */
export function wordsOfExit(
  { redactor }: Pick<Instance, 'redactor'>,
  seen: DriverInstance | undefined,
  wasReady: boolean,
): string {
  const how = describeExit(seen, redactor !== undefined);
  return wasReady ? `The instance ended ${how}` : `It ended ${how} before ready`;
}

/** What is known of an end, without what the agent or an engine may have put into it, and no longer than a list should hold. */
export function told(instance: Instance, words: string): string {
  return (instance.redactor ?? redact)(words).slice(0, longestDetail);
}

/** As the end of a sentence: "… with exit code 1". */
function describeExit(seen: DriverInstance | undefined, inEngineWords: boolean): string {
  if (!seen?.exit) return seen?.error ? `(${seen.error.message})` : 'and left no trace';
  const { code, signal, reason, engineWords } = seen.exit;
  if (reason) return reason;
  if (engineWords && inEngineWords) return `because the engine could not run it: ${engineWords}`;
  if (signal) return `by signal ${signal}`;
  return code === null ? 'with an unknown exit code' : `with exit code ${code}`;
}
