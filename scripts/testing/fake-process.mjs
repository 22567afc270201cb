import { appendFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const log = (entry) => writeSync(1, `${JSON.stringify(entry)}\n`);

/**
 * Behaves towards the supervisor as the control plane and the worker do, and notes in `events` what happens to it.
 * `behaviour` is 'good', 'refuses' (one line, exit 1), 'silent' (exit 1), 'stubborn' (does not stop) or 'slow'.
 */
export function playProcess(name, behaviour = 'good') {
  const note = (event) => appendFileSync(join(process.env.PIPECAT_CLOUD_DATA_DIR, 'events'), `${name} ${event}\n`);
  note(`started ${process.pid} supervisor=${process.env.PIPECAT_CLOUD_SUPERVISOR} port=${process.env.PORT}`);
  if (behaviour === 'refuses') {
    writeSync(2, `PIPECAT_CLOUD_DATABASE_URL is not a database address.\n`);
    process.exit(1);
  }
  if (behaviour === 'silent') process.exit(1);
  const leave = (why) => {
    note(why);
    log({ level: 40, msg: `${name} warns that it lost the other` });
    if (behaviour !== 'stubborn') process.exit(0);
  };
  process.on('SIGTERM', () => leave('told to go'));
  process.on('SIGINT', () => leave('told to stop'));
  process.on('disconnect', () => leave('disconnected'));
  setInterval(() => {}, 1000);
  log({ level: 30, msg: `${name} all is well` });
  log({ level: 50, msg: `${name} disk is full`, err: { message: 'ENOSPC\u001b[2J' } });
  if (behaviour === 'slow') return;
  process.send({ type: 'notice', text: `${name} code 123456` });
  process.send({ type: 'ready', notes: [`note of the ${name}`] });
}
