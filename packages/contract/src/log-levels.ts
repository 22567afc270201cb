/** From the least to the most severe, in the words of the base image (contract §9.7) and of official clients (§4.5). */
export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof logLevels)[number];

const levelsByWord: Readonly<Record<string, LogLevel>> = {
  TRACE: 'DEBUG',
  DEBUG: 'DEBUG',
  VERBOSE: 'DEBUG',
  INFO: 'INFO',
  INFORMATION: 'INFO',
  SUCCESS: 'INFO',
  NOTICE: 'INFO',
  WARN: 'WARNING',
  WARNING: 'WARNING',
  ERR: 'ERROR',
  ERROR: 'ERROR',
  CRIT: 'CRITICAL',
  CRITICAL: 'CRITICAL',
  FATAL: 'CRITICAL',
  PANIC: 'CRITICAL',
  ALERT: 'CRITICAL',
  EMERG: 'CRITICAL',
  EMERGENCY: 'CRITICAL',
};
const words = Object.keys(levelsByWord).join('|');

/** How far into a line a level is looked for: a time, a thread and a module's name stand before it at most. */
const head = 160;

const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
/** Upper case, so that prose is none. */
const word = new RegExp(`(?:^|[\\s[|(<:-])(${words})(?=[\\s\\]|)>:,;-]|$)`);
const names = 'level|lvl|severity|levelname|log_level|log\\.level';
/** `level=warn` */
const pair = new RegExp(`(?:^|\\s)(?:${names})="?(${words})\\b`, 'i');
/** `"level": "warn"`, `"severity":"ERROR"` */
const member = new RegExp(`[{,]\\s*"(?:${names})"\\s*:\\s*"(${words})"`, 'i');
/** Loguru, where it writes JSON: the text says the level as well, but colours and formats are the team's own. */
const nested = new RegExp(`"level"\\s*:\\s*\\{[^}]{0,200}"name"\\s*:\\s*"(${words})"`, 'i');
/** Pino and Bunyan count in tens. */
const numbered = /"level"\s*:\s*([1-6])0\b/;
const numbers: readonly LogLevel[] = ['DEBUG', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
/** `[error]` and `error:` at the start, as web servers and tools write it. */
const lowerCase = new RegExp(`^(?:\\S+ ){0,3}(?:\\[(${words})\\]|(${words}):)`, 'i');
/** klog and glog: `E0420 10:00:00.123456`. */
const initial = /^([IWEF])\d{4} \d{2}:/;
const initials: Readonly<Record<string, LogLevel>> = { I: 'INFO', W: 'WARNING', E: 'ERROR', F: 'CRITICAL' };

const traceback = /^\s*(?:Traceback \(most recent call last\):|Exception in thread )/;

/** The level that a line states of itself, in the formats that are common; undefined where it states none. */
export function levelOfLine(text: string): LogLevel | undefined {
  const cut = text.length > 4000 ? text.slice(0, 4000) : text;
  const plain = cut.includes(String.fromCharCode(27)) ? cut.replace(escapes, '') : cut;
  if (plain.startsWith('{')) {
    const found = nested.exec(plain) ?? member.exec(plain);
    if (found) return of(found[1]);
    const number = numbered.exec(plain)?.[1];
    return number ? numbers[Number(number) - 1] : undefined;
  }
  const start = plain.slice(0, head);
  const found = word.exec(start) ?? pair.exec(start);
  if (found) return of(found[1]);
  const lower = lowerCase.exec(start);
  if (lower) return of(lower[1] ?? lower[2]);
  const letter = initial.exec(start)?.[1];
  if (letter) return initials[letter];
  return traceback.test(start) ? 'ERROR' : undefined;
}

const of = (found: string | undefined): LogLevel | undefined => levelsByWord[(found ?? '').toUpperCase()];

/**
 * Tells the level of each line of one output, in order: what belongs to a message of several lines (indented lines, and the last line
 * of a traceback) has the level of its first. A line that states none, and belongs to none, is INFO. `goesOn` says that the line
 * before was cut off by its length, so that this is its next piece.
 */
export function createLevelReader(): (text: string, goesOn?: boolean) => LogLevel {
  let last: LogLevel = 'INFO';
  let inTraceback = false;
  return (text, goesOn = false) => {
    if (goesOn) return last;
    const indented = /^\s/.test(text) || text === '';
    // A source line inside of a traceback may speak of errors; it is the traceback's all the same.
    if (indented) return last;
    const own = levelOfLine(text);
    if (own === undefined && inTraceback) {
      inTraceback = false;
      return last;
    }
    inTraceback = traceback.test(text);
    last = own ?? 'INFO';
    return last;
  };
}
