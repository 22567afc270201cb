import type { Build, BuildStatus } from '@pipecat-cloud/contract/builds';
import type { CommandContext } from '../../lib/context.js';
import { bytes, duration, minute, time } from '../../lib/format.js';
import { checkRegion } from '../../lib/regions.js';
import { fields } from '../../lib/table.js';
import { clean } from '../../lib/text.js';

export interface BuildListOptions {
  limit: number;
  status?: BuildStatus;
  region?: string;
}

/** `build list`: newest first. */
export async function listBuilds(context: CommandContext, { limit, status, region }: BuildListOptions) {
  const [api, org] = [await context.api(), await context.org()];
  await checkRegion(api, org, region);
  const list = await api.listBuilds(org, {
    limit,
    ...(status === undefined ? {} : { status }),
    ...(region === undefined ? {} : { region }),
  });
  const { builds, total } = list;
  context.result(list, () =>
    context.list(
      `No builds${status ? ` with the status ${status}` : ''} in ${org}. Deploying a directory makes one: pipecat cloud deploy`,
      ['BUILD', 'STATUS', 'REGION', 'CREATED (UTC)', 'TOOK', 'SIZE'],
      builds.map((build) => [
        build.id,
        build.status,
        build.region,
        minute(build.createdAt),
        build.buildDurationSeconds === undefined ? '-' : duration(build.buildDurationSeconds),
        build.contextSizeBytes === undefined ? '-' : bytes(build.contextSizeBytes),
      ]),
      { paint: (text, row, column) => (column === 1 ? paintStatus(text, builds[row]?.status, context) : text) },
    ),
  );
  if (!context.json && total > builds.length) context.note(`${builds.length} newest of ${total}; --limit shows more.`);
}

export async function buildStatus(context: CommandContext, id: string) {
  const [api, org] = [await context.api(), await context.org()];
  const build = await api.getBuild(org, id);
  context.result(build, () => buildText(build, context));
}

/** `build cancel`: the build has then failed, and whoever waits for it learns that. */
export async function cancelBuild(context: CommandContext, id: string) {
  const [api, org] = [await context.api(), await context.org()];
  const build = await api.cancelBuild(org, id);
  context.result(build, () => `Cancelled build ${clean(build.id)}.`);
}

function madeBy({ createdBy }: Build): string {
  const who = createdBy && (createdBy.name ?? createdBy.id ?? createdBy.kind);
  return who ? ` by ${clean(who)}` : '';
}

function buildText(build: Build, context: CommandContext): string {
  const { bold, dim, red } = context.colours;
  const rows: [string, string | undefined][] = [
    ['Build', build.id],
    ['Status', build.status],
    ['Region', build.region],
    ['Dockerfile', build.dockerfilePath],
    ['Context', [build.contextHash, sizeText(build)].filter(Boolean).join(', ')],
    ['Build secrets', build.secretSet],
    ['Base images with', build.imagePullSecretSet],
    ['Image', build.imageUri],
    ['Image size', build.imageSizeBytes === undefined ? undefined : bytes(build.imageSizeBytes)],
    ['Created', `${time(build.createdAt)} UTC${madeBy(build)}`],
    ['Ended', build.completedAt && `${time(build.completedAt)} UTC`],
    ['Took', build.buildDurationSeconds === undefined ? undefined : duration(build.buildDurationSeconds)],
  ];
  const next =
    build.status === 'success'
      ? `Next: pipecat cloud deploy NAME --build-id ${build.id}`
      : `Next: pipecat cloud build logs ${build.id}${hasEnded(build) ? '' : ' --follow'}`;
  return [
    fields(
      rows
        .filter((row): row is [string, string] => Boolean(row[1]))
        .map(([label, value]) => [
          label,
          label === 'Status' ? paintStatus(value, build.status, context) : clean(value),
        ]),
      bold,
    ),
    ...(build.errorMessage ? ['', red(clean(build.errorMessage))] : []),
    '',
    dim(next),
  ].join('\n');
}

const sizeText = ({ contextSizeBytes }: Build) => (contextSizeBytes === undefined ? '' : bytes(contextSizeBytes));

export function hasEnded({ status }: Pick<Build, 'status'>): boolean {
  return status !== 'pending' && status !== 'building';
}

function paintStatus(text: string, status: BuildStatus | undefined, { colours }: CommandContext): string {
  if (status === 'success') return colours.green(text);
  return status === 'failed' || status === 'timeout' ? colours.red(text) : colours.yellow(text);
}
