import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissions } from '@pipecat-cloud/contract/permissions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent } from './support/agents.js';
import { createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { type DailyStandIn, startDailyStandIn } from './support/daily.js';
import { missing, resources } from './support/environment.js';
import { cleanUp, temporaryFolder } from './support/paths.js';
import { signInOwner } from './support/person.js';
import { run } from './support/processes.js';

// Requests made up from the schemas of our own API document, good ones and bad ones, against a running installation: no fault of the
// server, no status that the document does not have, and no answer that breaks its schema.

/** The same each time, so that a failure is of the change that it came with; `random` looks further, and a failure names its seed. */
const chosen = process.env.PIPECAT_CLOUD_TEST_FUZZ_SEED ?? '170441114';
const seed = chosen === 'random' ? String(Math.floor(Math.random() * 1_000_000_000)) : chosen;
/** Seconds of all runs together, in CI; more finds more. */
const seconds = Number(process.env.PIPECAT_CLOUD_TEST_FUZZ_SECONDS ?? 60);

/** What ends the credential of the run, or what it may do: fuzzed apart, so that the rest is not refused from then on. */
const endsAccess = [
  'putPolicy',
  'panicOrganization',
  'decideOnToken',
  'endOrganizationToken',
  'adoptToken',
  'updateMember',
  'removeMember',
];
/** What takes the one agent and the one set away that the examples name. */
const takesAway = [
  'deleteService',
  'deleteSecretSet',
  'deleteSecret',
  'deleteAgentByKey',
  'deleteSecretSetByKey',
  'deleteSecretByKey',
];

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

let cloud: Cloud;
let daily: DailyStandIn | undefined;
let token: string;
let key: string;

const skip = missing('fuzzer');
beforeAll(async () => {
  if (skip) return;
  // That nobody answers there would be told as a 502, and rightly.
  daily = await startDailyStandIn();
  cloud = await startCloud({ env: { PIPECAT_CLOUD_DAILY_API_URL: daily.apiUrl } });
  const owner = await signInOwner(cloud);
  // Whatever a token can hold.
  const grant = { permissions: [...permissions], organizations: ['my-team'] };
  token = (await owner.createToken({ name: 'fuzz', grant })).value;
  key = (await owner.createApiKey('my-team', { name: 'fuzz', type: 'private' })).key;
  // So that the names in the document's examples are of something that is there.
  const cli = createCli({ token, port: cloud.port });
  await cli.ok(['secrets', 'set', 'my-secrets', '--stdin', 'OPENAI_API_KEY'], { input: 'a value' });
  const folder = copyAgent('examples/echo');
  const file = join(folder, 'pcc-deploy.toml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('"echo"', '"my-agent"').replace('max_agents = 5', 'max_agents = 2'),
  );
  await cli.ok(['deploy', '--yes'], { cwd: folder });
});
afterAll(async () => {
  daily?.close();
  await cleanUp();
});

interface Run {
  credential: string;
  seconds: number;
  /** Those whose address matches; with `only` it is left out, or either would do. */
  paths?: string;
  without?: readonly string[];
  only?: readonly string[];
}

/** Resolves to what was found, and to how often each operation gave each status. */
async function fuzz({ credential, seconds: time, paths, without = [], only = [] }: Run) {
  const folder = temporaryFolder('fuzz');
  const config = join(folder, 'schemathesis.toml');
  // From the environment: nobody reads the credential in the list of processes.
  writeFileSync(config, `[headers]\nAuthorization = "Bearer \${FUZZ_CREDENTIAL}"\n\n[parameters]\norg = "my-team"\n`);
  const report = join(folder, 'report.ndjson');
  const started = run(
    join(resources.fuzzer ?? '', '..', 'schemathesis'),
    [
      ...['--config-file', config, 'run', `${cloud.url}/openapi.json`, '--url', cloud.url],
      ...(paths ? ['--include-path-regex', paths] : []),
      ...['--phases', 'examples,coverage,fuzzing', '--mode', 'all'],
      ...without.flatMap((id) => ['--exclude-operation-id', id]),
      ...only.flatMap((id) => ['--include-operation-id', id]),
      ...['--checks', checks.join(), '--seed', seed, '--max-time', String(time), '--workers', '1'],
      ...['--continue-on-failure', '--no-shrink', '--suppress-health-check', 'all', '--warnings', 'off'],
      ...['--report', 'ndjson', '--report-ndjson-path', report, '--generation-database', 'none', '--no-color'],
    ],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, FUZZ_CREDENTIAL: credential } },
  );
  const code = await started.ended;
  return { code, output: `seed ${seed}\n${started.stdout()}${started.stderr()}`, report: readFileSync(report, 'utf8') };
}

describe.skipIf(skip)(`requests made up from the API document, seed ${seed}`, () => {
  test('the organization-scoped API, with a token', async () => {
    const paths = '^/v1/organizations/\\{org\\}/';
    const { code, output } = await fuzz({
      credential: token,
      seconds: seconds * 0.45,
      paths,
      without: [...endsAccess, ...takesAway],
    });
    expect(code, output).toBe(0);
    // It was not shut out halfway, or most of this was about nothing.
    expect((await cloud.client(token).listServices('my-team')).services.map(({ name }) => name)).toContain('my-agent');
  });

  test('the private API, with a key', async () => {
    const paths = '^/v1/(agents|secrets|builds|properties|regions)';
    const { code, output } = await fuzz({ credential: key, seconds: seconds * 0.35, paths, without: takesAway });
    expect(code, output).toBe(0);
    expect((await cloud.client(key).getAgentByKey('my-agent')).name).toBe('my-agent');
  });

  test('what takes things away', async () => {
    const byToken = takesAway.filter((id) => !id.endsWith('ByKey'));
    const first = await fuzz({ credential: token, seconds: seconds * 0.05, only: byToken });
    expect(first.code, first.output).toBe(0);
    const byKey = takesAway.filter((id) => id.endsWith('ByKey'));
    const second = await fuzz({ credential: key, seconds: seconds * 0.05, only: byKey });
    expect(second.code, second.output).toBe(0);
  });

  test('what may end the token of the run', async () => {
    const { code, output } = await fuzz({
      credential: token,
      seconds: seconds * 0.1,
      only: endsAccess,
    });
    expect(code, output).toBe(0);
  });
});
