/** All that the command line sees of its process. Only `bin.ts` makes one from the real thing. */
export interface Io {
  /** Arguments after the executable. */
  argv: readonly string[];
  /** What the user typed to get here: `pipecat`, `pcc` or `pipecatcloud`. */
  executable: string;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  platform: NodeJS.Platform;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /**
   * Has it called at Ctrl-C or SIGTERM, after which the process ends as by that signal. Returns what takes it back.
   */
  onInterrupt(listener: () => void): () => void;
}

/** A question can be asked only when the answer can be typed and the question be seen. */
export function canAsk(io: Io): boolean {
  return Boolean(io.stdin.isTTY && io.stderr.isTTY);
}
