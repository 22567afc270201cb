import { inRoot } from './paths.js';

/** What the machine has beyond Node; `npm test` sets these, and names what it could not obtain. */
export const resources = {
  /** Address of a container engine. */
  engine: process.env.PIPECAT_CLOUD_TEST_ENGINE,
  python: process.env.PIPECAT_CLOUD_TEST_PYTHON,
  /** A Python that has what examples/pipecat-echo needs. */
  pipecat: process.env.PIPECAT_CLOUD_TEST_PIPECAT,
  /** A Python that has the published command line, of the version that the wire contract was read from. */
  official: process.env.PIPECAT_CLOUD_TEST_OFFICIAL,
  /** The newest of the same. */
  newestOfficial: process.env.PIPECAT_CLOUD_TEST_NEWEST_OFFICIAL,
  /** A Python that has schemathesis. */
  fuzzer: process.env.PIPECAT_CLOUD_TEST_FUZZER,
  chromium: process.env.PIPECAT_CLOUD_TEST_CHROMIUM,
  /** A folder for pictures of the dashboard's pages; none are taken without. CI keeps them with the results. */
  screenshots:
    process.env.PIPECAT_CLOUD_TEST_SCREENSHOTS ?? (process.env.CI ? inRoot('test-results/pages') : undefined),
  espeak: process.env.PIPECAT_CLOUD_TEST_ESPEAK,
  scanners: process.env.PIPECAT_CLOUD_TEST_SCANNERS,
  /** A folder with the published browser clients in its `node_modules`. */
  browserClients: process.env.PIPECAT_CLOUD_TEST_BROWSER_CLIENTS,
};

/** Which of the named resources is missing, as a reason for a test's name; undefined where all are there. */
export function missing(...names: (keyof typeof resources)[]): string | undefined {
  const absent = names.filter((name) => !resources[name]);
  if (absent.length === 0) return undefined;
  return absent
    .map((name) => `PIPECAT_CLOUD_TEST_${name.replace(/[A-Z]/g, '_$&').toUpperCase()} is not set`)
    .join(', ');
}

/**
 * This process's environment without anything that is about this product, its tests or Node's own switches: what a
 * person who has just opened a terminal would have. `additions` come on top.
 */
export function plainEnvironment(additions: Record<string, string> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || /^(PIPECAT|PCC_|VITEST|NODE_|npm_|PORT$|TEST$|CI$|FORCE_COLOR$)/i.test(name)) continue;
    environment[name] = value;
  }
  return { ...environment, ...additions };
}
