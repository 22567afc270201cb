import type { LogEntry, LogQuery } from '@pipecat-cloud/contract/logs';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { cleanLine } from '../../lib/text.js';

const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
type Level = (typeof levels)[number];

export interface LogsOptions {
  level?: Level;
  format: 'TEXT' | 'JSON';
  limit: number;
  deployment?: string;
  sessionId?: string;
  configFile?: string;
}

/** `agent logs`: the newest lines that match, in ascending order. */
export async function agentLogs(context: CommandContext, argument: string | undefined, options: LogsOptions) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const query: LogQuery = {
    limit: options.limit,
    order: 'desc',
    ...(options.deployment === undefined ? {} : { deploymentId: options.deployment }),
    ...(options.sessionId === undefined ? {} : { sessionId: options.sessionId }),
  };
  const { logs: fetched, total } = await api.readLogs(org, name, query);
  const logs = ascending(fetched).filter((entry) => !options.level || levelOf(entry.log) === options.level);
  if (context.json) return context.result({ logs, total }, () => '');
  if (logs.length === 0) {
    const level =
      options.level && fetched.length > 0 ? ` of level ${options.level} among the newest ${fetched.length}` : '';
    return context.note(`No log lines${level}${options.sessionId ? ' for that session' : ''} yet.`);
  }
  const line = options.format === 'JSON' ? (entry: LogEntry) => JSON.stringify(entry) : textLine(context);
  context.result(logs, () => logs.map(line).join('\n'));
}

/** The server was asked for newest first; one that doesn't know `order` may have answered the other way round. */
function ascending(entries: readonly LogEntry[]): LogEntry[] {
  const first = entries[0]?.timestamp ?? '';
  const last = entries.at(-1)?.timestamp ?? '';
  const lines = entries.filter(({ log }) => log !== '');
  return first < last ? lines : lines.reverse();
}

/** Contract §4.5: the first level word that the line contains, in this order; INFO where there is none. */
export function levelOf(log: string): Level {
  const upper = log.toUpperCase();
  return levels.find((level) => upper.includes(level)) ?? 'INFO';
}

function textLine({ colours }: CommandContext): (entry: LogEntry) => string {
  const paint: Record<Level, (text: string) => string> = {
    DEBUG: colours.blue,
    INFO: (text) => text,
    WARNING: colours.yellow,
    ERROR: colours.red,
    CRITICAL: (text) => colours.bold(colours.red(text)),
  };
  return ({ log, timestamp }) => {
    const text = cleanLine(log, colours.isColorSupported);
    return `${colours.dim(timestamp)} ${paint[levelOf(log)](text)}`;
  };
}
