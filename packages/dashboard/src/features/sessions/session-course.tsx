import type { SessionDetail } from '@pipecat-cloud/contract/sessions';
import { useCallback, useMemo, useState } from 'react';
import { Card } from '../../ui/card';
import { Chart } from '../../ui/chart';
import { Empty } from '../../ui/states';
import { LogLines } from '../logs/log-view';
import { useLogReader } from '../logs/use-log-reader';
import { useOrg } from '../organization/org-context';
import { mebibyte, mebibytes, millicores } from './session-words';

/** The most that the API gives at once: charts lead to any time of the session. */
const linesAtFirst = 10_000;

interface Window {
  from: number;
  to: number;
}

/** What the session used and what was written, beside each other: a time in the charts leads to its lines, and the lines in view are marked there. */
export function SessionCourse({ agent, session }: { agent: string; session: SessionDetail }) {
  const [time, setTime] = useState<number>();
  const [marked, setMarked] = useState<Window>();
  const onWindow = useCallback((from: string, to: string) => {
    setMarked({ from: Date.parse(from), to: Date.parse(to) });
  }, []);
  const onCursor = useCallback((at: number | undefined) => at !== undefined && setTime(at), []);
  return (
    <div className="grid items-start gap-6 xl:grid-cols-2">
      <Card
        title="What it used"
        about="The lines that are in view are marked; a time that you point at leads to its lines."
      >
        <Used session={session} marked={marked} onCursor={onCursor} />
      </Card>
      <Card title="What was written meanwhile">
        <SessionLines key={session.sessionId} agent={agent} session={session} time={time} onWindow={onWindow} />
      </Card>
    </div>
  );
}

interface UsedProps {
  session: SessionDetail;
  marked: Window | undefined;
  onCursor: (time: number | undefined) => void;
}

function Used({ session, marked, onCursor }: UsedProps) {
  const { resourceMetrics: metrics, createdAt, endedAt, sessionId } = session;
  const shown = useMemo(() => {
    const series = metrics?.timeseries ?? [];
    const ends = [Date.parse(createdAt), endedAt === null ? Date.now() : Date.parse(endedAt)] as const;
    // Both ends of the session without a value, so that the axis is that of the lines.
    const points = [
      { at: ends[0], c: null, m: null },
      ...series.map(({ t, c, m }) => ({ at: t * 1000, c, m })),
      { at: ends[1], c: null, m: null },
    ].sort((a, b) => a.at - b.at);
    return {
      times: points.map(({ at }) => at),
      cpu: [{ name: 'CPU', values: points.map(({ c }) => c) }],
      memory: [{ name: 'Memory', values: points.map(({ m }) => m && m / mebibyte) }],
    };
  }, [metrics, createdAt, endedAt]);
  if (!metrics) {
    return (
      <Empty title="Nothing measured yet">
        A sample is taken every few seconds; a session that is shorter than that has none.
      </Empty>
    );
  }
  const common = { times: shown.times, sync: sessionId, onCursor, height: 180, ...(marked && { marked }) };
  return (
    <>
      <Chart
        caption={`CPU in millicores (99 % of the time up to ${millicores(metrics.cpuMillicoresP99)})`}
        series={shown.cpu}
        format={millicores}
        {...common}
      />
      <Chart
        caption={`Memory (99 % of the time up to ${mebibytes(metrics.memoryBytesP99 / mebibyte)})`}
        series={shown.memory}
        format={mebibytes}
        {...common}
      />
    </>
  );
}

interface SessionLinesProps {
  agent: string;
  session: SessionDetail;
  time: number | undefined;
  onWindow: (from: string, to: string) => void;
}

function SessionLines({ agent, session, time, onWindow }: SessionLinesProps) {
  const org = useOrg();
  const [selected, setSelected] = useState<string>();
  const [view, reader] = useLogReader({
    org: org.name,
    agent,
    filter: { sessionId: session.sessionId },
    follow: session.state !== 'ended',
    atFirst: linesAtFirst,
  });
  return (
    <LogLines
      {...{ org: org.name, agent, view, reader, selected, onWindow, time }}
      filtered
      onSelect={setSelected}
      height="h-[32rem]"
      empty={<Empty title="Nothing was written">Lines appear here as soon as the agent writes in this session.</Empty>}
    />
  );
}
