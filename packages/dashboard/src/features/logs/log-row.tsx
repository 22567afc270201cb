import type { LogLevel } from '@pipecat-cloud/contract/log-levels';
import { type MouseEvent, memo } from 'react';
import type { Line } from './log-lines';
import { lineText } from './log-search';
import { partsOf } from './log-text';

/** Pixels of a row: one line, or two where there is no room beside each other. All are equal, so that places need not be measured. */
export const rowHeights = { wide: 24, narrow: 44 } as const;

const levelLook: Readonly<Record<LogLevel, string>> = {
  DEBUG: 'text-muted',
  INFO: 'text-ink',
  WARNING: 'text-warn',
  ERROR: 'text-bad',
  CRITICAL: 'bg-bad text-card',
};
const textLook: Readonly<Partial<Record<LogLevel, string>>> = {
  DEBUG: 'text-muted',
  WARNING: 'text-warn',
  ERROR: 'text-bad',
  CRITICAL: 'font-semibold text-bad',
};
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const dayClock = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** "14:03:05.123", with the day before it for lines of another day. */
export function clockTime(iso: string, now = new Date()): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const isToday = at.toDateString() === now.toDateString();
  return isToday ? clock.format(at) : `${dayClock.format(at)} ${clock.format(at)}`;
}

interface LogRowProps {
  line: Line;
  narrow: boolean;
  selected: boolean;
  /** Address of the agent's log, to which the line's name is added. */
  linkBase: string;
  onSelect: (cursor: string) => void;
}

/** One line; its time is the link to it. Followed logs make a thousand of these a second, so there is not much to one. */
export const LogRow = memo(function LogRow({ line, narrow, selected, linkBase, onSelect }: LogRowProps) {
  const { log, timestamp, level = 'INFO', cursor } = line;
  const height = narrow ? 'h-11' : 'h-6';
  if (line.gap) {
    return <div className={`${height} flex items-center bg-warn-soft px-3 text-xs text-warn`}>{log}</div>;
  }
  function select(event: MouseEvent) {
    if (!cursor || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onSelect(cursor);
  }
  const { message, where } = partsOf(log);
  return (
    <div
      aria-current={selected || undefined}
      className={`${height} ${narrow ? 'py-0.5' : 'flex items-center gap-3'} px-3 whitespace-pre ${selected ? 'bg-busy-soft' : 'hover:bg-sunken'}`}
    >
      <span className="flex shrink-0 items-center gap-3">
        <a
          href={cursor && linkBase + lineText(cursor)}
          // The arrow keys choose a line; a stop at each of them would be in everybody's way.
          tabIndex={-1}
          onClick={select}
          className="text-muted tabular-nums hover:text-accent hover:underline"
        >
          <time dateTime={timestamp}>{clockTime(timestamp)}</time>
        </a>
        <span className={`w-18 shrink-0 rounded-sm px-1 text-[11px] leading-4 ${levelLook[level]}`}>{level}</span>
      </span>
      <span className={`block ${textLook[level] ?? ''}`}>
        {message}
        {where && <span className="pl-4 font-normal text-muted">{where}</span>}
      </span>
    </div>
  );
});
