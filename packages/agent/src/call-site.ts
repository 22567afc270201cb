import { basename, extname } from 'node:path';

const FRAME = /^\s*at (?:async )?(?:(.+?) \()?(?:file:\/\/)?([^()]+):(\d+):\d+\)?$/;
const UNKNOWN = 'bot:bot:0';

/** Where the caller of `callee` stands, as `module:function:line`. */
export function callSite(callee: (...args: never[]) => unknown): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, callee);
  Error.stackTraceLimit = limit;
  const frame = trace.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return frame === undefined ? UNKNOWN : parseFrame(frame);
}

/** Reads one line of a stack trace. Code outside any function is in `<module>`, as the Python base says it. */
export function parseFrame(frame: string): string {
  const match = FRAME.exec(frame);
  const [, qualified, file, line] = match ?? [];
  if (file === undefined || line === undefined) return UNKNOWN;
  const name = qualified === undefined ? '<module>' : (qualified.split(/[. ]/).at(-1) ?? '');
  const module = basename(file, extname(file)).replaceAll(/[^\w.-]/g, '_');
  return `${module}:${name.replaceAll(/[^\w$<>]/g, '') || '<anonymous>'}:${line}`;
}
