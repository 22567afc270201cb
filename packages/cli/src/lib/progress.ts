import { type Colours, clean } from './text.js';

export interface Progress {
  /** A new step. Without a terminal it is printed as a line; on one it replaces the last. */
  step(text: string): void;
  /** What the step is at now, such as a percentage: shown only on a terminal. */
  detail(text: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the moving line away. Safe to repeat. */
  stop(): void;
}

const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const eraseLine = `\r${String.fromCharCode(27)}[2K`;

/** Progress on stderr: a spinner on a terminal, plain lines elsewhere (CI logs have no cursor). */
export function createProgress(
  stderr: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  colours: Colours,
  mayMove = true,
): Progress {
  const live = mayMove && Boolean(stderr.isTTY) && env.TERM !== 'dumb' && !env.CI;
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  let current = '';
  let more = '';
  let drawnAt = 0;

  function draw(): void {
    drawnAt = performance.now();
    const room = Math.max(10, (stderr.columns ?? 80) - 3);
    const text = clean(more ? `${current} ${more}` : current);
    stderr.write(`${eraseLine}${colours.cyan(frames[frame % frames.length] ?? '')} ${text.slice(0, room)}`);
  }

  function stop(): void {
    if (!timer) return;
    clearInterval(timer);
    timer = undefined;
    stderr.write(eraseLine);
  }

  return {
    step(text) {
      if (text === current && (timer || !live)) return;
      current = text;
      more = '';
      if (!live) {
        stderr.write(`${clean(text)}\n`);
        return;
      }
      timer ??= setInterval(() => {
        frame++;
        draw();
      }, 100).unref();
      draw();
    },
    detail(text) {
      more = text;
      if (timer && performance.now() - drawnAt > 50) draw();
    },
    line(text) {
      if (!timer) {
        stderr.write(`${text}\n`);
        return;
      }
      stderr.write(`${eraseLine}${text}\n`);
      draw();
    },
    stop,
  };
}

/** `[##########----------]  50%` */
export function bar(done: number, total: number, width = 24): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${String(Math.floor(share * 100)).padStart(3)}%`;
}
