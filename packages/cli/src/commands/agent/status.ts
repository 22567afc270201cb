import type { Service } from '@pipecat-cloud/contract/agents';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { duration, time } from '../../lib/format.js';
import { reuseText } from '../../lib/reuse.js';
import { fields } from '../../lib/table.js';
import { clean } from '../../lib/text.js';

export async function agentStatus(
  context: CommandContext,
  argument: string | undefined,
  options: { configFile?: string },
) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const service = await api.getService(org, name);
  context.result(service, () => statusText(service, context));
}

function statusText(service: Service, { colours }: CommandContext): string {
  const { bold, dim, red } = colours;
  const spec = service.deployment?.manifest.spec;
  const limit = spec?.maxSessionDurationSeconds;
  const rows: [string, string][] = [
    ['Agent', service.name],
    ['State', state(service, colours)],
    ...rolloutRow(service),
    ['Sessions', `${service.activeSessionCount ?? 0} active`],
    ['Scaling', `${service.autoScaling.minReplicas} kept warm, ${service.autoScaling.maxReplicas} at most`],
    ...(service.reuse ? [['Reuse', reuseText(service.reuse)] as [string, string]] : []),
    ['Profile', service.agentProfile ?? sizeText(service.resources)],
    ['Region', service.region],
    ['Image', spec?.image ?? '-'],
    ['Secrets', spec?.envFromSecretNames?.join(', ') || '-'],
    ['Session limit', limit === undefined ? 'default' : duration(limit)],
    ['Socket auth', service.websocketAuth ?? '-'],
    ['Krisp VIVA', service.krispViva?.audioFilter ?? 'off'],
    ['Deployment', service.activeDeploymentId ?? '-'],
    ['Created', `${time(service.createdAt)} UTC`],
    ['Updated', `${time(service.updatedAt)} UTC`],
  ];
  const extra: string[] = [];
  // Each failure once: as an error it stands below, whole.
  const said = new Set((service.errors ?? []).map(({ message }) => message));
  for (const [label, revision] of [
    ['Current', service.currentRevision],
    ['Previous', service.previousRevision],
  ] as const) {
    if (!revision) continue;
    const health =
      revision.health.ready && revision.health.restartCount === 0 ? '' : ` · ${healthText(revision.health, said)}`;
    extra.push(
      `${label} revision ${revision.deploymentID.slice(0, 12)}: ${revision.phase} · ${revision.readyReplicas} ready${health}`,
    );
  }
  for (const { type, status, message, reason } of service.conditions ?? []) {
    if (type === 'Degraded' && status === 'True' && !said.has(message)) extra.push(`Degraded: ${message || reason}`);
  }
  const errors = (service.errors ?? []).map(({ code, message }) => red(clean(`${code}: ${message}`)));
  const next =
    service.ready && !loops(service)
      ? `pipecat cloud agent start ${service.name}`
      : `pipecat cloud agent logs ${service.name}`;
  return [
    fields(
      rows.map(([label, value]) => [label, label === 'State' ? value : clean(value)] as const),
      bold,
    ),
    ...(extra.length + errors.length > 0 ? ['', ...extra.map(clean), ...errors] : []),
    '',
    dim(`Next: ${next}`),
  ].join('\n');
}

/** Of an agent that was deployed with resources of its own. */
const sizeText = (resources: Service['resources']) => (resources ? `${resources.cpu} CPU, ${resources.memory}` : '-');

/** Its instances end again and again. */
const loops = ({ conditions }: Service) =>
  conditions?.some(({ status, reason }) => status === 'True' && reason === 'CrashLoop') === true;

function state(service: Service, { green, yellow, red }: CommandContext['colours']): string {
  if (service.errors?.length) return red(service.available ? 'failed; the previous deployment goes on' : 'failed');
  if (loops(service)) return red('crash loop');
  if (service.ready) return green('ready');
  return yellow(service.available ? 'updating; the previous deployment serves' : 'not ready');
}

function rolloutRow({ rollout }: Service): [string, string][] {
  if (rollout?.strict) return [['Rollout', 'strict: new sessions wait for the new deployment']];
  if (rollout?.state === 'held') return [['Rollout', 'the new deployment is ready and waits to be promoted']];
  if (rollout?.state !== 'canary') return [];
  return [['Rollout', `canary: the new deployment takes ${rollout.canaryPercent}% of the new sessions`]];
}

function healthText(
  { state, restartCount, reason, message = '' }: NonNullable<Service['currentRevision']>['health'],
  said: ReadonlySet<string>,
): string {
  const restarts = restartCount > 0 ? `${restartCount} restarts` : '';
  return [state, restarts, reason, said.has(message) ? '' : message].filter(Boolean).join(', ');
}
