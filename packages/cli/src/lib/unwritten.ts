import { exitCodes, whyNot } from './errors.js';

/**
 * Keeps an eye on the streams of this process. A reader that has seen enough (`| head`) closes the pipe: that is no failure, and nothing
 * to talk about. What else can't be written is told once, and makes `exitCode` one of a failure, whatever the command came to.
 */
export function watchOutput({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>) {
  let failed = false;
  const exitCode = (code: number) => (failed && code === exitCodes.done ? exitCodes.failed : code);
  const watch = (stream: NodeJS.WriteStream, name: string) =>
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || failed) return;
      failed = true;
      stderr.write(`Error: ${name} can't be written: ${whyNot(error)}.\n`);
      process.exitCode = exitCode(Number(process.exitCode));
    });
  watch(stdout, 'standard output');
  watch(stderr, 'standard error');
  return { exitCode };
}
