import { backUpInstallation } from './backup-command.js';

const { argv, env, stdout, stderr } = process;
process.exitCode = await backUpInstallation(argv.slice(2), env, {
  out: (text) => stdout.write(`${text}\n`),
  err: (text) => stderr.write(`${text}\n`),
});
