import type { Session, SessionQuery } from '@pipecat-cloud/contract/sessions';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { duration, minute, spread } from '../../lib/format.js';
import { fields } from '../../lib/table.js';
import { failed, lengthOf, sessionText } from './session-text.js';

export interface SessionsOptions {
  id?: string;
  limit?: number;
  endState?: string;
  configFile?: string;
}

/** `agent sessions`: a table with averages, or one session with its CPU and memory (contract §12). */
export async function agentSessions(context: CommandContext, argument: string | undefined, options: SessionsOptions) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  if (options.id !== undefined) {
    const session = await api.getSession(org, name, options.id);
    return context.result(session, () => sessionText(session, context));
  }
  const list = await api.listSessions(org, name, {
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.endState === undefined ? {} : { endState: options.endState }),
  } as SessionQuery);
  const statistics = summarise(list.sessions);
  const empty =
    options.endState === undefined
      ? `${name} has had no sessions yet. Start one with: pipecat cloud agent start ${name}`
      : `No session of ${name} with the end state ${options.endState}.`;
  const text = () => statisticsText(list.sessions, statistics, list.total_count, context);
  context.result({ ...list, statistics }, () =>
    // Scripts cut lines out of the plain table, so nothing else stands below it.
    list.sessions.length === 0 || context.output === 'plain'
      ? sessionTable(empty, list.sessions, context)
      : `${sessionTable(empty, list.sessions, context)}\n\n${text()}`,
  );
  if (context.output === 'plain' && list.sessions.length > 0) context.note(text());
}

function sessionTable(nothing: string, sessions: readonly Session[], context: CommandContext): string {
  const { red, yellow } = context.colours;
  const rows = sessions.map((session) => [
    session.sessionId,
    shortState(session),
    minute(session.createdAt),
    session.endedAt ? duration(lengthOf(session, session.endedAt)) : '-',
    (session.botStartSeconds === null ? '-' : `${session.botStartSeconds}s`) + (session.coldStart ? ' cold' : ''),
  ]);
  return context.list(nothing, ['SESSION', 'STATE', 'CREATED (UTC)', 'LENGTH', 'START'], rows, {
    paint: (text, row, column) => {
      const session = sessions[row];
      if (column === 4 && session?.coldStart) return red(text);
      if (column !== 1 || !session) return text;
      return session.endedAt ? (failed(session) ? red(text) : text) : yellow(text);
    },
    // The columns of official clients, by position.
    plain: {
      headings: ['SESSION', 'CREATED', 'ENDED', 'DURATION', 'STATUS', 'BOT START SECONDS', 'COLD START'],
      rows: sessions.map((session) => [
        session.sessionId,
        session.createdAt,
        session.endedAt ?? '',
        session.endedAt ? duration(lengthOf(session, session.endedAt)) : '',
        shortState(session),
        session.botStartSeconds === null ? '' : String(session.botStartSeconds),
        session.coldStart === null ? '' : session.coldStart ? 'yes' : 'no',
      ]),
    },
  });
}

/** What the server calls the end, where it does; else what can be told from the rest. */
function shortState(session: Session): string {
  const { endState } = session as { endState?: string | null };
  return endState ?? (session.endedAt ? (failed(session) ? 'error' : 'ended') : (session.state ?? 'active'));
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
