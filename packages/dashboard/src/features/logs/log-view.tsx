import { useEffect, useState } from 'react';
import { count } from '../../lib/format';
import { Badge, type Tone } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Failure, Loading } from '../../ui/states';
import { LineDetail } from './line-detail';
import { mostLines } from './log-lines';
import { LogList } from './log-list';
import type { LogReader, LogView } from './log-reader';

interface LogLinesProps {
  org: string;
  agent: string;
  view: LogView;
  reader: LogReader;
  /** Cursor of the chosen line. */
  selected: string | undefined;
  onSelect: (cursor: string | undefined) => void;
  filtered: boolean;
  /** What to say where there are no lines. */
  empty: React.ReactNode;
  onWindow?: (from: string, to: string) => void;
  /** In milliseconds: shows what was written then. */
  time?: number | undefined;
  height?: string;
}

const words: Readonly<Partial<Record<LogView['state'], readonly [Tone, string]>>> = {
  following: ['good', 'Following'],
  reconnecting: ['warn', 'Connecting…'],
  held: ['quiet', 'Paused: more lines wait'],
  ended: ['quiet', 'The session has ended: these are its last lines'],
  failed: ['bad', 'Not following'],
};

/** Lines with what they are: how far they reach, whether more come, and all of the chosen one. */
export function LogLines(props: LogLinesProps) {
  const { org, agent, view, reader, selected, onSelect, filtered, empty, onWindow, time } = props;
  const { height = 'h-[min(38rem,70dvh)]' } = props;
  const { state, lines, dropped, error, hasOlder, hasNewer, busy = false } = view;
  const [pinned, setPinned] = useState(true);
  useEffect(() => reader.hold(!pinned), [reader, pinned]);

  const start = lines[0]?.timestamp;
  const isBefore = time !== undefined && start !== undefined && time < Date.parse(start);
  useEffect(() => {
    if (isBefore && hasOlder && !busy && !error) void reader.older();
  }, [isBefore, hasOlder, busy, error, reader]);

  if (state === 'loading') return <Loading what="lines" />;
  if (state === 'failed' && lines.length === 0 && error) {
    return <Failure error={error} onRetry={() => reader.retry()} />;
  }
  const chosen = selected === undefined ? undefined : lines.findLast(({ cursor }) => cursor === selected);
  const isFull = lines.length >= mostLines;
  const [tone, text] = words[state] ?? ['quiet', 'Not followed'];
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-2.5 text-sm sm:px-5">
        <span role="status">
          <Badge tone={tone}>{text}</Badge>
        </span>
        <span className="text-muted tabular-nums">{count(lines.length, 'line')}</span>
        {dropped > 0 && (
          <span className="text-muted">
            This page holds {mostLines.toLocaleString('en')} lines at most: the oldest {dropped.toLocaleString('en')}{' '}
            were let go here. They are still in the log.
          </span>
        )}
        {hasOlder && (
          <Button className="ml-auto" busy={busy} disabled={isFull} onClick={() => void reader.older()}>
            {isFull ? 'Choose a time to see older lines' : 'Older lines'}
          </Button>
        )}
      </div>
      {error && state !== 'following' && (
        <Failure error={error} {...(state === 'failed' && { onRetry: () => reader.retry() })} />
      )}
      {lines.length === 0 ? (
        empty
      ) : (
        <LogList
          view={view}
          linkBase={`/orgs/${org}/logs?agent=${agent}&line=`}
          selected={selected}
          onSelect={onSelect}
          onPinned={setPinned}
          height={height}
          time={time}
          {...(onWindow && { onWindow })}
        />
      )}
      {hasNewer && (
        <div className="flex flex-wrap justify-center gap-2 border-t border-line px-4 py-3">
          <Button busy={busy} onClick={() => void reader.newer()}>
            Newer lines
          </Button>
        </div>
      )}
      {chosen && (
        <LineDetail org={org} agent={agent} line={chosen} filtered={filtered} onClose={() => onSelect(undefined)} />
      )}
    </>
  );
}
