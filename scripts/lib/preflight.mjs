// What can be known to be wrong before anything is started.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from './output.mjs';

const CHOOSE_FOLDER = 'Choose another with PIPECAT_CLOUD_DATA_DIR.';

/** Makes the data folder where it is missing (mode 700) and proves that files can be made in it. */
export function prepareDataFolder(dataDir) {
  const probe = join(dataDir, `.probe-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (!statSync(dataDir).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    writeFileSync(probe, '', { mode: 0o600 });
    rmSync(probe);
  } catch (error) {
    throw new Refusal(`The data folder ${dataDir} cannot be used: ${reasonOf(error)}. ${CHOOSE_FOLDER}`);
  }
}

function reasonOf({ code, message }) {
  if (code === 'EACCES' || code === 'EPERM') return 'it is not writable';
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'a file stands in its place';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'ENOSPC') return 'the disk is full';
  return message;
}

/** Resolves to the code of the error that listening gives, undefined where it works. */
function tryListen(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error) => resolve(error.code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * Refuses a port that is taken or may not be used. `patience` (ms) is for a previous run that is still closing: the
 * port gets that long to become free.
 */
export async function requireFreePort({ port, host }, patience = 0) {
  const deadline = Date.now() + patience;
  let code = await tryListen(port, host);
  while (code === 'EADDRINUSE' && Date.now() < deadline) {
    await sleep(100);
    code = await tryListen(port, host);
  }
  if (code === undefined) return;
  if (code === 'EADDRINUSE') {
    throw new Refusal(`Port ${port} is taken by another program. Choose another: PORT=${otherPort(port)} npm start`);
  }
  if (code === 'EACCES') {
    throw new Refusal(`Port ${port} needs more rights than this user has. Choose another: PORT=7400 npm start`);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    throw new Refusal(`PIPECAT_CLOUD_HOST=${host} is not an address of this machine.`);
  }
  throw new Refusal(`Listening on ${host}, port ${port}, failed: ${code}.`);
}

function otherPort(port) {
  return port < 65535 ? port + 1 : port - 1;
}
