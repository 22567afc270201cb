import { version } from './lib/version.js';

const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  // Before anything loads: people and scripts ask this to see whether the tool is there.
  process.stdout.write(`${version}\n`);
} else {
  // Stays if the process runs out of work before the command has come to its end.
  process.exitCode = 1;
  const [{ runCli }, { watchOutput }] = await Promise.all([import('./run.js'), import('./lib/unwritten.js')]);
  const output = watchOutput(process);
  const code = await runCli({
    argv,
    executable: /(?:^|[\\/])(pcc|pipecatcloud)(?:\.\w+)?$/.exec(process.argv[1] ?? '')?.[1] ?? 'pipecat',
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    // Opening standard input takes time, and most commands never read it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    onInterrupt,
  });
  process.exitCode = output.exitCode(code);
}

function onInterrupt(listener: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const takeBack = () => {
    for (const signal of signals) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    takeBack();
    listener();
    // By the signal itself, so that a shell stops its script, too.
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  return takeBack;
}
