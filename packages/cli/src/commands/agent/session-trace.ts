import type { SessionTrace, TraceStep } from '@pipecat-cloud/contract/sessions';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { time } from '../../lib/format.js';
import { fields } from '../../lib/table.js';
import { clean } from '../../lib/text.js';

const meanings: Readonly<Record<TraceStep, string>> = {
  queue: 'waited for a free instance',
  claim: 'took it',
  prepare: 'pulled the image, or unpacked the files',
  boot: 'process started, until it answered',
  activate: 'agent accepted the session',
  connect: 'socket opened',
};
const width = 40;

/** `agent session trace`: the start of one session as a waterfall. */
export async function sessionTrace(
  context: CommandContext,
  session: string,
  argument: string | undefined,
  options: { configFile?: string },
): Promise<void> {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const trace = await api.getSessionTrace(org, name, session);
  context.result(trace, () => traceText(trace, context));
}

function traceText(trace: SessionTrace, { colours }: CommandContext): string {
  const { steps, totalMs, coldReason, error, outcome } = trace;
  const end = Math.max(1, totalMs ?? 0, ...steps.map(({ atMs, ms }) => atMs + (ms ?? 0)));
  const head: [string, string][] = [
    ['Session', trace.sessionId],
    ['Requested', `${time(trace.requestedAt)} UTC`],
    ['Outcome', error ? `${outcome}: ${error}` : outcome],
    ['Total', totalMs === null ? '-' : milliseconds(totalMs)],
    ['Cold start', trace.coldStart === null ? '-' : trace.coldStart ? `yes. ${coldReason ?? ''}`.trim() : 'no'],
    ['Instance', trace.instanceId ?? '-'],
  ];
  const rows = steps.map(({ step, atMs, ms }) => {
    const from = Math.min(width - 1, Math.floor((atMs / end) * width));
    const length = Math.max(1, Math.round(((ms ?? end - atMs) / end) * width));
    const bar = `${' '.repeat(from)}${'█'.repeat(Math.min(length, width - from))}`.padEnd(width);
    const took = (ms === null ? 'not over' : milliseconds(ms)).padStart(9);
    return `${step.padEnd(8)}  ${colours.cyan(bar)}  ${took}  ${colours.dim(meanings[step] ?? '')}`;
  });
  const top = fields(
    head.map(([label, value]) => [label, clean(value)] as const),
    colours.bold,
  );
  return [top, '', ...rows].join('\n');
}

function milliseconds(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}
