import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { permissions } from '@pipecat-cloud/contract/permissions';
import { createCertificate } from '../src/support/authority.js';
import { type Cloud, startCloud } from '../src/support/cloud.js';
import { startDailyStandIn } from '../src/support/daily.js';
import { resources } from '../src/support/environment.js';
import { inRoot, temporaryFolder } from '../src/support/paths.js';
import { preferredPort } from '../src/support/ports.js';
import { addOrganization } from '../src/support/second-organization.js';
import { type Driver, startDriver } from './driver.js';
import { type Offer, takesOrganization } from './options.js';
import { startRecordingProxy } from './recording-proxy.js';
import { type Credential, createTrack, type Track, type Version, versions } from './track.js';

/** Programs of the two versions: the old one brings its own, the newest is a part of the framework's command line. */
const programs: Record<Version, { python: string; name: string; before: readonly string[] }> = {
  '0.6.0': { python: resources.official ?? '', name: 'pcc', before: [] },
  '1.4.0': { python: resources.newestOfficial ?? '', name: 'pipecat', before: ['cloud'] },
};

const acting = ['personal', 'serviceAccount', 'login'] as const;
const nameOf = (version: Version, credential: Credential) =>
  `v${version.replaceAll('.', '')}-${credential.toLowerCase()}`;

export type World = Awaited<ReturnType<typeof startWorld>>;

/**
 * One installation behind a proxy that ends TLS with a certificate of a private authority. Each version of the client has an
 * organization of its own for each credential, so that all of them can work at once; `others` belongs to somebody else.
 */
export async function startWorld() {
  const certificate = createCertificate();
  const proxy = await startRecordingProxy(certificate);
  const dataDir = join(temporaryFolder('data'), 'data');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const owners = new Map<string, string>();
  for (const name of ['others', ...versions.flatMap((version) => acting.map((each) => nameOf(version, each)))]) {
    // Making tokens takes one that names that permission.
    owners.set(name, await addOrganization(dataDir, name, { permissions: [...permissions] }));
  }
  const daily = await startDailyStandIn();
  const port = await preferredPort();
  proxy.forwardTo(port);
  const cloud = await startCloud({
    dataDir,
    port,
    env: {
      PIPECAT_CLOUD_PUBLIC_URL: proxy.url,
      PIPECAT_CLOUD_TRUSTED_PROXIES: '127.0.0.1',
      PIPECAT_CLOUD_DAILY_API_URL: daily.apiUrl,
    },
  });
  const drivers = new Map<Version, Driver>(
    versions.map((each) => [each, startDriver(programs[each].python, certificate.caFile)]),
  );
  const base = {
    ...{ PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', TERM: 'xterm', COLUMNS: '400', NO_COLOR: '1' },
    ...{ PROMPT_TOOLKIT_NO_CPR: '1', BROWSER: 'no-such-browser' },
    ...{ PIPECAT_API_HOST: proxy.url, SSL_CERT_FILE: certificate.caFile },
  };
  const offers = new Map<Version, Offer>();
  for (const version of versions) {
    const asked = { argv: [inRoot('e2e/official/python/commands.py')], env: base, cwd: dataDir };
    const { stdout, text } = (await drivers.get(version)?.launch(asked)) ?? { stdout: '', text: 'no driver' };
    if (!stdout.startsWith('{')) throw new Error(`what ${version} offers cannot be read: ${text}`);
    offers.set(version, JSON.parse(stdout) as Offer);
  }
  const ran = new Map<Version, (readonly string[])[]>(versions.map((each) => [each, []]));
  const unsaid: { version: Version; route: string; status: number }[] = [];

  return {
    cloud: cloud as Cloud,
    base,
    /** Every request that can be told to be of one version. */
    passed: () => [...proxy.passed, ...unsaid],
    /** What the package itself says that it has. */
    offerOf: (version: Version) => offers.get(version) as Offer,
    /** The arguments of every run of a version. */
    ranOf: (version: Version) => ran.get(version) ?? [],
    ownerOf: (org: string) => owners.get(org) ?? '',
    programOf,
    /** A track without any credential yet. */
    track(version: Version, credential: Credential, org = nameOf(version, credential)): Track {
      const [home, folder] = [temporaryFolder('home'), join(temporaryFolder('agent'), 'agent')];
      cpSync(inRoot('e2e/official/agent'), folder, { recursive: true });
      return createTrack({
        ...{ version, credential, org, home, folder },
        api: cloud.client(owners.get(org) ?? ''),
        daily,
        driver: drivers.get(version) as Driver,
        program: programOf(version),
        base,
        takesOrganization: (args) => takesOrganization(offers.get(version) as Offer, args),
        ran: ran.get(version) as (readonly string[])[],
        used: (used, route) => unsaid.push({ version: used, route, status: 200 }),
      });
    },
    close: () => {
      proxy.close();
      daily.close();
    },
  };
}

/** Its path, and what stands before the command. */
function programOf(version: Version): readonly [string, ...string[]] {
  const { python, name, before } = programs[version];
  return [join(dirname(python), name), ...before];
}
