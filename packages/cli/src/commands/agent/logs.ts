import type { LogEntry, LogQuery } from '@pipecat-cloud/contract/logs';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { followLogs } from './follow-logs.js';
import { ascending, type Level, levelOf, lineWriter } from './log-lines.js';

export interface LogsOptions {
  level?: Level;
  format: 'TEXT' | 'JSON';
  limit: number;
  deployment?: string;
  sessionId?: string;
  follow?: boolean;
  configFile?: string;
}

/** `agent logs`: the newest lines that match, in ascending order; with `--follow` what comes after them too. */
export async function agentLogs(context: CommandContext, argument: string | undefined, options: LogsOptions) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const filter: Pick<LogQuery, 'deploymentId' | 'sessionId'> = {
    ...(options.deployment === undefined ? {} : { deploymentId: options.deployment }),
    ...(options.sessionId === undefined ? {} : { sessionId: options.sessionId }),
  };
  const wanted = ({ log }: LogEntry) => !options.level || levelOf(log) === options.level;
  const line = lineWriter(context, options.format === 'JSON' || context.json);
  if (options.follow) {
    for await (const lines of followLogs(api, org, name, { limit: options.limit, filter })) {
      const text = lines.filter(wanted).map(line).join('\n');
      if (text) context.io.stdout.write(`${text}\n`);
      if (context.io.stdout.destroyed) return;
    }
    return;
  }
  const { logs: fetched, total } = await api.readLogs(org, name, { ...filter, limit: options.limit, order: 'desc' });
  const logs = ascending(fetched).filter(wanted);
  if (context.json) return context.result({ logs, total }, () => '');
  if (logs.length === 0) {
    const level =
      options.level && fetched.length > 0 ? ` of level ${options.level} among the newest ${fetched.length}` : '';
    return context.note(`No log lines${level}${options.sessionId ? ' for that session' : ''} yet.`);
  }
  context.result(logs, () => logs.map(line).join('\n'));
}
