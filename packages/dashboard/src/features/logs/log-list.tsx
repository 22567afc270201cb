import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { count } from '../../lib/format';
import { useMedia } from '../../lib/use-media';
import { Button } from '../../ui/button';
import type { LogView } from './log-reader';
import { LogRow, rowHeights } from './log-row';

/** Rows above and below the window, so that quick scrolling shows no holes. */
const overscan = 12;

interface LogListProps {
  view: LogView;
  linkBase: string;
  selected: string | undefined;
  onSelect: (cursor: string | undefined) => void;
  /** Whether the end is looked at; new lines then push the others up. */
  onPinned: (pinned: boolean) => void;
  /** Told of the times of the first and the last line in the window. */
  onWindow?: (from: string, to: string) => void;
  /** In milliseconds: goes to what was written then. */
  time?: number | undefined;
  /** Classes for its height. */
  height: string;
}

/** Any number of lines of which those in the window are rendered. At the end it goes along with what comes; scrolled up, it stays. */
export function LogList(props: LogListProps) {
  const { view, linkBase, selected, onSelect, onPinned, onWindow, time, height } = props;
  const narrow = useMedia('(width < 48rem)');
  const rowHeight = narrow ? rowHeights.narrow : rowHeights.wide;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [windowHeight, setWindowHeight] = useState(600);
  const [pinned, setPinned] = useState(selected === undefined);
  const lastTop = useRef(0);
  const lastFirst = useRef(view.first);
  /** Number of the line after the last that was there when the reader went up. */
  const [seen, setSeen] = useState(0);
  const { lines, first } = view;
  const end = first + lines.length;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWindowHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  function pin(next: boolean): void {
    if (next === pinned) return;
    setPinned(next);
    if (!next) setSeen(end);
    onPinned(next);
  }

  function scrolled(): void {
    const element = box.current;
    if (!element) return;
    const up = element.scrollTop < lastTop.current - 1;
    lastTop.current = element.scrollTop;
    setTop(element.scrollTop);
    if (up) pin(false);
    else if (element.scrollHeight - element.scrollTop - element.clientHeight < 2) pin(true);
  }

  function moveTo(scrollTop: number): void {
    if (!box.current) return;
    box.current.scrollTop = scrollTop;
    lastTop.current = box.current.scrollTop;
    setTop(box.current.scrollTop);
  }

  // Before it is painted: at the end it stays there, further up the lines stay where they are while others come or go above them.
  useLayoutEffect(() => {
    const moved = (lastFirst.current - first) * rowHeight;
    lastFirst.current = first;
    if (pinned) moveTo(box.current?.scrollHeight ?? 0);
    else if (moved !== 0) moveTo((box.current?.scrollTop ?? 0) + moved);
  });

  const at = selected === undefined ? -1 : lines.findLastIndex(({ cursor }) => cursor === selected);
  // Once for each that is chosen, as soon as it is there.
  const shownFor = useRef<string>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || at < 0 || shownFor.current === selected) return;
    shownFor.current = selected;
    const rowTop = at * rowHeight;
    const isSeen = rowTop >= element.scrollTop && rowTop + rowHeight <= element.scrollTop + element.clientHeight;
    if (!isSeen) moveTo(rowTop - element.clientHeight / 2);
  });

  const wentTo = useRef<number>(undefined);
  useLayoutEffect(() => {
    const start = lines[0];
    if (time === undefined || wentTo.current === time || !start) return;
    // Older lines that are on their way are gone to once they are here.
    if (!view.hasOlder || Date.parse(start.timestamp) <= time) wentTo.current = time;
    const index = lines.findIndex(({ timestamp }) => Date.parse(timestamp) >= time);
    pin(false);
    moveTo((index < 0 ? lines.length : index) * rowHeight - (box.current?.clientHeight ?? 0) / 2);
  });

  const from = Math.max(0, Math.min(lines.length, Math.floor(top / rowHeight)) - overscan);
  const to = Math.min(lines.length, Math.ceil((top + windowHeight) / rowHeight) + overscan);
  const [firstSeen, lastSeen] = [
    lines[Math.floor(top / rowHeight)],
    lines[Math.min(lines.length, Math.ceil((top + windowHeight) / rowHeight)) - 1],
  ];
  const [fromTime, toTime] = [firstSeen?.timestamp, lastSeen?.timestamp];
  useEffect(() => {
    if (fromTime && toTime) onWindow?.(fromTime, toTime);
  }, [fromTime, toTime, onWindow]);

  // The same function for every row and every frame: rows that stay as they are need not be rendered again.
  const latest = useRef((_cursor: string) => {});
  useLayoutEffect(() => {
    latest.current = (cursor) => {
      pin(false);
      onSelect(cursor);
    };
  });
  const select = useCallback((cursor: string) => latest.current(cursor), []);

  function choose(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Escape') onSelect(undefined);
    if (step === 0 || lines.length === 0) return;
    event.preventDefault();
    const start = Math.min(lines.length - 1, Math.max(0, Math.floor(top / rowHeight)));
    const next = at < 0 ? (pinned ? lines.length - 1 : start) : Math.min(lines.length - 1, Math.max(0, at + step));
    pin(false);
    onSelect(lines[next]?.cursor);
  }

  const shown = lines.slice(from, to).map((line, index) => ({ line, number: first + from + index }));
  const unseen = pinned ? 0 : Math.max(0, end - Math.max(seen, first));
  return (
    <div className="relative">
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label="Lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        onScroll={scrolled}
        onKeyDown={choose}
        className={`overflow-auto overscroll-contain font-mono text-[13px] leading-5 [overflow-anchor:none] focus-visible:-outline-offset-2 ${height}`}
      >
        <div className="relative min-w-max" style={{ height: lines.length * rowHeight }}>
          <div style={{ transform: `translateY(${from * rowHeight}px)` }}>
            {shown.map(({ line, number }) => (
              <LogRow
                key={number}
                line={line}
                narrow={narrow}
                selected={line.cursor !== undefined && line.cursor === selected}
                linkBase={linkBase}
                onSelect={select}
              />
            ))}
          </div>
        </div>
      </div>
      {!pinned && (
        <div className="absolute right-4 bottom-3">
          <Button look={unseen > 0 ? 'primary' : 'plain'} className="shadow-md" onClick={() => pin(true)}>
            {unseen > 0 ? `${count(unseen, 'new line')} ↓` : 'To the end ↓'}
          </Button>
        </div>
      )}
    </div>
  );
}
