import { PassThrough } from 'node:stream';
import { runCli } from '../run.js';

export interface TerminalOutcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command inside this process, as if on a terminal. `answer` sees what was printed to stderr so far and returns keys to type. */
export async function runOnTerminal(
  args: readonly string[],
  options: { env: Record<string, string>; columns?: number; answer?: (seen: string) => string | undefined },
): Promise<TerminalOutcome> {
  const size = { isTTY: true, columns: options.columns ?? 80, rows: 40 };
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()].map((stream) => Object.assign(stream, size)) as [
    PassThrough & typeof size,
    PassThrough & typeof size,
  ];
  const seen = { stdout: '', stderr: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => {
    seen.stdout += text;
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    seen.stderr += text;
    const keys = options.answer?.(seen.stderr);
    if (keys !== undefined) setImmediate(() => stdin.write(keys));
  });
  const code = await runCli({
    argv: args,
    executable: 'pipecat',
    env: { NO_COLOR: '1', ...options.env },
    cwd: process.cwd(),
    platform: process.platform,
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    onInterrupt: () => () => {},
  });
  // What is still on its way through the streams.
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...seen };
}
