import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { Refusal } from './output.mjs';

const PORT = /^[1-9][0-9]{0,4}$/;

/**
 * The settings that the supervisor itself needs; all others are read and judged by the processes. An empty variable
 * counts as absent. Throws a Refusal for a port that is none.
 */
export function readSettings(env, root) {
  const given = env.PORT?.trim() || '7400';
  const port = Number(given);
  if (!PORT.test(given) || port > 65535) {
    throw new Refusal(`PORT must be a whole number from 1 to 65535, not "${given}".`);
  }
  return {
    port,
    host: env.PIPECAT_CLOUD_HOST?.trim() || '127.0.0.1',
    dataDir: resolve(root, env.PIPECAT_CLOUD_DATA_DIR?.trim() || 'data'),
    localUrl: `${servesTls(env) ? 'https' : 'http'}://localhost:${port}`,
  };
}

const servesTls = (env) => Boolean(env.PIPECAT_CLOUD_TLS_CERT?.trim());

/**
 * The environment of both processes: they see the same port and folder as the supervisor checked. Over TLS the worker dials the name
 * that is in the certificate.
 */
export function childEnvironment(env, { port, dataDir, localUrl }) {
  const control = env.PIPECAT_CLOUD_CONTROL_URL?.trim() || env.PIPECAT_CLOUD_PUBLIC_URL?.trim() || localUrl;
  return {
    ...env,
    ...(servesTls(env) ? { PIPECAT_CLOUD_CONTROL_URL: control } : {}),
    PORT: String(port),
    PIPECAT_CLOUD_DATA_DIR: dataDir,
    PIPECAT_CLOUD_SUPERVISOR: randomUUID(),
  };
}
