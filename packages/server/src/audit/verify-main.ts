import { verifyInstallation } from './verify-command.js';

const { argv, env, stdout, stderr } = process;
process.exitCode = await verifyInstallation(argv.slice(2), env, {
  out: (text) => stdout.write(`${text}\n`),
  err: (text) => stderr.write(`${text}\n`),
});
