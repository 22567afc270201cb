import { obtainBrowserClients } from './browser-clients.mjs';
import { startEngine } from './engine.mjs';
import { startObjectStorage } from './object-storage.mjs';
import { startPostgres } from './postgres.mjs';
import { findChromium, onPath } from './programs.mjs';
import { FUZZER, NEWEST_OFFICIAL_CLI, OFFICIAL_CLI, obtainPython, PIPECAT_AGENT } from './python.mjs';
import { obtainScanners } from './scanners.mjs';

/** What the suites find in their environment. */
export const VARIABLES = {
  postgres: 'PIPECAT_CLOUD_TEST_POSTGRES_URL',
  engine: 'PIPECAT_CLOUD_TEST_ENGINE',
  python: 'PIPECAT_CLOUD_TEST_PYTHON',
  pipecat: 'PIPECAT_CLOUD_TEST_PIPECAT',
  official: 'PIPECAT_CLOUD_TEST_OFFICIAL',
  newestOfficial: 'PIPECAT_CLOUD_TEST_NEWEST_OFFICIAL',
  fuzzer: 'PIPECAT_CLOUD_TEST_FUZZER',
  chromium: 'PIPECAT_CLOUD_TEST_CHROMIUM',
  speech: 'PIPECAT_CLOUD_TEST_ESPEAK',
  objectStorage: 'PIPECAT_CLOUD_TEST_S3_URL',
  scanners: 'PIPECAT_CLOUD_TEST_SCANNERS',
  browserClients: 'PIPECAT_CLOUD_TEST_BROWSER_CLIENTS',
};

/** Worth their time only for the end-to-end tests. */
const END_TO_END = ['pipecat', 'official', 'newestOfficial', 'fuzzer', 'objectStorage', 'scanners', 'browserClients'];

const found = (value, reason) => (value ? { value } : { reason });

function obtainers(root, signal) {
  return {
    async postgres() {
      const server = await startPostgres(signal);
      return server.url ? { value: server.url, release: server.stop } : server;
    },
    async engine() {
      const { url, reason, stop } = await startEngine(signal);
      return { ...found(url, reason), release: stop };
    },
    async python() {
      const { python, reason } = await obtainPython(root, signal);
      return found(python, reason);
    },
    async pipecat() {
      const { python, reason } = await obtainPython(root, signal, PIPECAT_AGENT);
      return found(python, reason);
    },
    async official() {
      const { python, reason } = await obtainPython(root, signal, OFFICIAL_CLI);
      return found(python, reason);
    },
    async newestOfficial() {
      const { python, reason } = await obtainPython(root, signal, NEWEST_OFFICIAL_CLI);
      return found(python, reason);
    },
    async fuzzer() {
      const { python, reason } = await obtainPython(root, signal, FUZZER);
      return found(python, reason);
    },
    async objectStorage() {
      const { url, reason, stop } = await startObjectStorage(root, signal);
      return { ...found(url, reason), release: stop };
    },
    chromium: async () => found(findChromium(), 'no Chromium or Chrome on this machine (install chromium)'),
    async scanners() {
      const { folder, reason } = await obtainScanners(root, signal);
      return found(folder, reason);
    },
    async browserClients() {
      const { folder, reason } = await obtainBrowserClients(root, signal);
      return found(folder, reason);
    },
    speech: async () => found(onPath(['espeak-ng']), 'espeak-ng is not on the path (install espeak-ng)'),
  };
}

/**
 * Obtains what the suites need beyond Node, all at once. A variable that is set already wins. Returns
 * `{ env, skipped, release() }`: the environment for the suites, in which what could not be had is absent, the
 * suites that will be skipped as `{ name, reason }`, and what to call in the end.
 */
export async function obtainResources({ root, env, signal, endToEnd = true }) {
  const result = { ...env };
  const skipped = [];
  const releases = [];
  const wanted = Object.entries(obtainers(root, signal)).filter(
    ([name]) => !result[VARIABLES[name]] && (endToEnd || !END_TO_END.includes(name)),
  );
  const release = async () => void (await Promise.all(releases.splice(0).map((each) => each())));
  const obtained = await Promise.allSettled(
    wanted.map(async ([name, obtain]) => {
      const one = await obtain();
      if (one.release) releases.push(one.release);
      return { name, ...one };
    }),
  );
  const broken = obtained.find(({ status }) => status === 'rejected');
  if (broken) {
    await release();
    throw broken.reason;
  }
  for (const { name, value, reason } of obtained.map((each) => each.value)) {
    delete result[VARIABLES[name]]; // Empty counts as absent.
    if (value) result[VARIABLES[name]] = value;
    else skipped.push({ name, reason });
  }
  return { env: result, skipped, release };
}
