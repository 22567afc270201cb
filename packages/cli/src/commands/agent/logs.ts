import type { LogEntry } from '@pipecat-cloud/contract/logs';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { deploymentIdOf } from '../../lib/deployment-id.js';
import { followLogs } from './follow-logs.js';
import { type Level, levelOf, lineWriter } from './log-lines.js';
import type { LogFilter } from './poll-logs.js';
import { readNewest } from './read-newest.js';

export interface LogsOptions {
  level?: Level;
  format: 'TEXT' | 'JSON';
  limit: number;
  deployment?: string;
  sessionId?: string;
  query?: string;
  since?: string;
  until?: string;
  follow?: boolean;
  configFile?: string;
}

/** `agent logs`: the newest lines that match, in ascending order; with `--follow` what comes after them too. */
export async function agentLogs(context: CommandContext, argument: string | undefined, options: LogsOptions) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const seconds = (iso: string) => Date.parse(iso) / 1000;
  const { deployment } = options;
  const deploymentId = deployment === undefined ? undefined : await deploymentIdOf(api, org, name, deployment);
  const filter: LogFilter = {
    ...(deploymentId === undefined ? {} : { deploymentId }),
    ...(options.sessionId === undefined ? {} : { sessionId: options.sessionId }),
    ...(options.level === undefined ? {} : { level: options.level }),
    ...(options.query === undefined ? {} : { query: options.query }),
    ...(options.since === undefined ? {} : { startTime: seconds(options.since) }),
    ...(options.until === undefined ? {} : { endTime: seconds(options.until) }),
  };
  // Also here: a server that tells no levels does not sift by them.
  const wanted = (entry: LogEntry) => !options.level || levelOf(entry) === options.level;
  const line = lineWriter(context, options.format === 'JSON' || context.json);
  if (options.follow) {
    const onGap = () => context.note('Some lines are missing here: they are no longer kept.');
    for await (const lines of followLogs(api, org, name, { limit: options.limit, filter }, onGap)) {
      const text = lines.filter(wanted).map(line).join('\n');
      if (text) context.io.stdout.write(`${text}\n`);
      if (context.io.stdout.destroyed) return;
    }
    return;
  }
  const { logs: fetched, total } = await readNewest(api, org, name, { limit: options.limit, filter });
  const logs = fetched.filter(wanted);
  if (context.json) return context.result({ logs, total }, () => '');
  if (logs.length === 0) {
    const among = fetched.length > 0 ? ` among the newest ${fetched.length}` : '';
    const level = options.level ? ` of level ${options.level}${among}` : '';
    return context.note(`No log lines${level}${options.sessionId ? ' for that session' : ''} yet.`);
  }
  context.result(logs, () => logs.map(line).join('\n'));
}
