import type { ResourceMetrics, Session, SessionDetail } from '@pipecat-cloud/contract/sessions';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { bytes, cores, duration, minute, plural, sparkline, spread, time } from '../../lib/format.js';
import { fields, table } from '../../lib/table.js';
import { clean } from '../../lib/text.js';

export interface SessionsOptions {
  id?: string;
  limit?: number;
  configFile?: string;
}

/** `agent sessions`: a table with averages, or one session with its CPU and memory (contract §12). */
export async function agentSessions(context: CommandContext, argument: string | undefined, options: SessionsOptions) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  if (options.id !== undefined) {
    const session = await api.getSession(org, name, options.id);
    return context.result(session, () => detail(session, context));
  }
  const list = await api.listSessions(org, name, options.limit === undefined ? {} : { limit: options.limit });
  const statistics = summarise(list.sessions);
  context.result({ ...list, statistics }, () =>
    list.sessions.length === 0
      ? `${name} has had no sessions yet. Start one with: pipecat cloud agent start ${name}`
      : `${sessionTable(list.sessions, context)}\n\n${statisticsText(list.sessions, statistics, list.total_count, context)}`,
  );
}

function sessionTable(sessions: readonly Session[], { width, colours }: CommandContext): string {
  const { bold, red, yellow } = colours;
  const rows = sessions.map((session) => [
    session.sessionId,
    session.endedAt ? (failed(session) ? 'error' : 'ended') : (session.state ?? 'active'),
    minute(session.createdAt),
    session.endedAt ? duration(lengthOf(session, session.endedAt)) : '-',
    (session.botStartSeconds === null ? '-' : `${session.botStartSeconds}s`) + (session.coldStart ? ' cold' : ''),
  ]);
  return table(['SESSION', 'STATE', 'CREATED (UTC)', 'LENGTH', 'START'], rows, {
    width,
    head: bold,
    paint: (text, row, column) => {
      const session = sessions[row];
      if (column === 4 && session?.coldStart) return red(text);
      if (column !== 1 || !session) return text;
      return session.endedAt ? (failed(session) ? red(text) : text) : yellow(text);
    },
  });
}

/** Seconds; over ended sessions for the length, over all for the start time. */
function summarise(sessions: readonly Session[]) {
  const lengths = sessions.flatMap((session) => (session.endedAt ? [lengthOf(session, session.endedAt)] : []));
  const starts = sessions.flatMap(({ botStartSeconds }) => (botStartSeconds === null ? [] : [botStartSeconds]));
  return {
    durationSeconds: spread(lengths) ?? null,
    botStartSeconds: spread(starts) ?? null,
    coldStarts: sessions.filter(({ coldStart }) => coldStart === true).length,
  };
}

function statisticsText(
  sessions: readonly Session[],
  { durationSeconds, botStartSeconds, coldStarts }: ReturnType<typeof summarise>,
  total: number | undefined,
  { colours }: CommandContext,
): string {
  const seconds = (value: number) => `${value.toFixed(1)}s`;
  const text = (values: typeof durationSeconds) =>
    values ? `average ${seconds(values.average)}, p5 ${seconds(values.p5)}, p95 ${seconds(values.p95)}` : '-';
  const shown =
    total !== undefined && total > sessions.length ? `${sessions.length} newest of ${total}` : `${sessions.length}`;
  return fields(
    [
      ['Sessions', shown],
      ['Length', text(durationSeconds)],
      ['Bot start', text(botStartSeconds)],
      ['Cold starts', `${coldStarts} (${((coldStarts / sessions.length) * 100).toFixed(0)}%)`],
    ],
    colours.bold,
  );
}

function detail(session: SessionDetail, { colours }: CommandContext): string {
  const rows: [string, string][] = [
    ['Session', session.sessionId],
    ['State', stateOf(session)],
    ['Created', `${time(session.createdAt)} UTC`],
    ['Ended', session.endedAt ? `${time(session.endedAt)} UTC` : '-'],
    ['Length', session.endedAt ? duration(lengthOf(session, session.endedAt)) : '-'],
    ['Ended by', session.endReason ?? session.completionStatus ?? '-'],
    ['Bot start', session.botStartSeconds === null ? '-' : `${session.botStartSeconds}s`],
    ['Cold start', session.coldStart === null ? '-' : session.coldStart ? 'yes' : 'no'],
    ['Deployment', session.deploymentId ?? '-'],
  ];
  const text = fields(
    rows.map(([label, value]) => [label, clean(value)] as const),
    colours.bold,
  );
  return session.resourceMetrics
    ? `${text}\n\n${metrics(session.resourceMetrics, colours)}`
    : `${text}\n\nNo CPU and memory samples.`;
}

function metrics(found: ResourceMetrics, { bold, cyan, magenta, dim }: CommandContext['colours']): string {
  const series = found.timeseries;
  const span = (series.at(-1)?.t ?? 0) - (series[0]?.t ?? 0);
  const row = (name: string, p50: string, p99: string, chart: string) =>
    `${bold(name)}  ${chart}  p50 ${p50}, p99 ${p99}`;
  return [
    row(
      'CPU   ',
      cores(found.cpuMillicoresP50 ?? 0),
      cores(found.cpuMillicoresP99 ?? 0),
      cyan(sparkline(series.map(({ c }) => c))),
    ),
    row(
      'Memory',
      bytes(found.memoryBytesP50 ?? 0),
      bytes(found.memoryBytesP99 ?? 0),
      magenta(sparkline(series.map(({ m }) => m))),
    ),
    dim(`${plural(found.sampleCount, 'sample')} over ${duration(span)}`),
  ].join('\n');
}

function stateOf(session: Session): string {
  if (!session.endedAt) return session.state ?? 'active';
  return failed(session) ? `error (${session.completionStatus})` : 'ended';
}

function failed({ completionStatus }: Session): boolean {
  return completionStatus === 'HTTP_ERROR' || /^5\d\d$/.test(completionStatus ?? '');
}

function lengthOf({ createdAt }: Session, endedAt: string): number {
  return (Date.parse(endedAt) - Date.parse(createdAt)) / 1000;
}
