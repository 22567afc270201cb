import type { ResourceMetrics, Session, SessionDetail } from '@pipecat-cloud/contract/sessions';
import type { CommandContext } from '../../lib/context.js';
import { bytes, cores, duration, plural, sparkline, time } from '../../lib/format.js';
import { fields } from '../../lib/table.js';
import { clean } from '../../lib/text.js';

/** One session with its CPU and memory (contract §12.2). */
export function sessionText(session: SessionDetail, { colours }: CommandContext): string {
  const rows: [string, string][] = [
    ['Session', session.sessionId],
    ['State', stateOf(session)],
    ['Created', `${time(session.createdAt)} UTC`],
    ['Ended', session.endedAt ? `${time(session.endedAt)} UTC` : '-'],
    ['Length', session.endedAt ? duration(lengthOf(session, session.endedAt)) : '-'],
    ['Ended by', session.endReason ?? session.completionStatus ?? '-'],
    ...(session.endDetail ? ([['Because', session.endDetail]] as [string, string][]) : []),
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

/** `active`, `ended`, or what went wrong. */
function stateOf(session: Session): string {
  if (!session.endedAt) return session.state ?? 'active';
  return failed(session) ? `error (${session.completionStatus})` : 'ended';
}

export function failed({ completionStatus }: Session): boolean {
  return completionStatus === 'HTTP_ERROR' || /^5\d\d$/.test(completionStatus ?? '');
}

export function lengthOf({ createdAt }: Session, endedAt: string): number {
  return (Date.parse(endedAt) - Date.parse(createdAt)) / 1000;
}
