import type { Region } from '@pipecat-cloud/contract/regions';
import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { plural, time } from '../../lib/format.js';
import { fields } from '../../lib/table.js';
import { clean } from '../../lib/text.js';
import { showSecret } from '../token/show-value.js';

export interface RegisterOptions {
  workloadsNamespace?: string;
  architectures?: string[];
  defaultArchitecture?: 'amd64' | 'arm64';
  wsPublicEndpoint?: string;
  displayName?: string;
}

/** `regions register`: makes a region of the organization's own, or changes it; what no option names stays. */
export async function registerRegion(context: CommandContext, key: string, options: RegisterOptions) {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(key)) {
    throw usageError(
      `'${key}' can't be the key of a region.`,
      'Use up to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit: pce-acme-us-east',
    );
  }
  const { architectures, defaultArchitecture, workloadsNamespace, wsPublicEndpoint, displayName } = options;
  const unknown = architectures?.find((word) => word !== 'amd64' && word !== 'arm64');
  if (unknown) throw usageError(`'${unknown}' is no architecture.`, 'Use amd64, arm64, or both between commas.');
  const [api, org] = [await context.api(), await context.org()];
  const body = {
    regionKey: key,
    ...(workloadsNamespace === undefined ? {} : { workloadsNamespace }),
    ...(architectures === undefined ? {} : { supportedArchitectures: architectures as ('amd64' | 'arm64')[] }),
    ...(defaultArchitecture === undefined ? {} : { defaultArchitecture }),
    ...(wsPublicEndpoint === undefined ? {} : { wsPublicEndpoint }),
    ...(displayName === undefined ? {} : { displayName }),
  };
  const region = await api.registerRegion(org, body);
  context.result({ region }, () => regionText(region, context));
  if (region.workers.length === 0) {
    context.note(context.colours.dim(`Give it a worker: pipecat cloud regions enroll-token ${key}`));
  }
}

export async function showRegion(context: CommandContext, key: string) {
  const [api, org] = [await context.api(), await context.org()];
  const region = await api.getRegion(org, key);
  context.result({ region }, () => regionText(region, context));
}

export async function deleteRegion(context: CommandContext, key: string, options: { yes?: boolean; force?: boolean }) {
  if (!options.yes && !options.force) {
    await context.confirm(`Delete the region ${key}? Its workers are refused from then on.`, '--yes');
  }
  const [api, org] = [await context.api(), await context.org()];
  const result = await api.deleteRegion(org, key);
  context.result({ deleted: key, result }, () => `Region ${key} is deleted.`);
}

/** `regions enroll-token`: what a new worker of the region shows once. */
export async function createEnrollToken(context: CommandContext, key: string, options: { valueOnly?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  const { token, expires_at: expiresAt } = await api.createEnrollmentToken(org, key);
  // From standard input, so that no command line holds the token.
  const kubectlCommand =
    'kubectl -n pipecat-system create secret generic pipecat-region-enroll-token --from-file=token=/dev/stdin';
  showSecret(context, {
    value: token,
    data: { region: key, token, expiresAt, kubectlCommand },
    valueOnly: options.valueOnly,
    headline: `An enrolment token of ${key} is made; it works once, until ${time(expiresAt)} UTC.`,
    hints: ['A worker of the region enrols with it.'],
  });
}

function regionText(region: Region, { colours }: CommandContext): string {
  const connected = region.workers.filter((worker) => worker.connected).length;
  const rows: [string, string][] = [
    ['Region', region.region_key],
    ['Title', region.display_name ?? '-'],
    ['State', region.enrollment_status],
    ['Workers', `${plural(region.workers.length, 'worker')}, ${connected} connected`],
    ['Architectures', region.supported_architectures?.join(', ') ?? '-'],
    ['Default', region.default_architecture ?? '-'],
    ['Namespace', region.workloads_namespace ?? '-'],
    ['Sockets', region.ws_public_endpoint ?? '-'],
  ];
  return fields(
    rows.map(([label, value]) => [label, clean(value)] as const),
    colours.bold,
  );
}
