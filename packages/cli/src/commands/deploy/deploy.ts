import type { DeployBody, Service } from '@pipecat-cloud/contract/agents';
import type { CommandContext } from '../../lib/context.js';
import { type DeployFile, findDeployFile } from '../../lib/deploy-file.js';
import { CliError, usageError } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { interruptible } from '../../lib/interruption.js';
import type { ContextFile } from '../../lib/pack/list-files.js';
import { shorten } from '../../lib/settings.js';
import { fields } from '../../lib/table.js';
import { followGitDeploy } from '../agent/follow-git-deploy.js';
import { type BuildOutcome, buildFromFiles } from './build.js';
import { surveyGround } from './checks.js';
import { refuseCredentials } from './context-credentials.js';
import { contextFiles } from './context-files.js';
import { type DeployFlags, type DeployPlan, planDeploy } from './options.js';
import { waitUntilReady } from './wait-ready.js';

/** `deploy`: everything that can be wrong is looked at first; then build, create or update, wait (contract §4.6). */
export async function deploy(
  context: CommandContext,
  nameArgument: string | undefined,
  imageArgument: string | undefined,
  flags: DeployFlags,
) {
  const file = await findDeployFile(context.io, flags.configFile);
  const plan = planDeploy(nameArgument, imageArgument, flags, file);
  const unattended = flags.yes === true || flags.force === true;
  checkCredentials(plan, flags, unattended);
  const files = plan.source.kind === 'context' ? await contextFiles(context, plan, file) : [];
  if (!flags.allowCredentialsInContext) await refuseCredentials(context, files);
  const [api, org] = [await context.api(), await context.org()];
  const { existing, region } = await surveyGround(api, org, plan);
  if (existing) refuseGitUpdate(plan);
  checkRollout(plan, existing);

  context.note(summary(context, plan, org, region, existing, files, file));
  if (!unattended) await context.confirm(existing ? `Update ${plan.name}?` : `Create ${plan.name}?`, '--yes');

  const outcome = await interruptible(context, async (leaves) => {
    leaves('Nothing was deployed.');
    const build =
      plan.source.kind === 'context'
        ? await buildFromFiles(context, {
            ...{ api, org, region, files, leaves },
            dockerfile: plan.dockerfile,
            secretSet: plan.buildSecretSet,
            imagePullSecretSet: plan.buildPullSecretSet,
            timeoutSeconds: flags.buildTimeout,
          })
        : undefined;
    context.progress.step(existing ? `Updating ${plan.name}` : `Creating ${plan.name}`);
    leaves(`It may have been deployed. See: pipecat cloud agent status ${plan.name}`);
    const body = requestBody(plan, region, build);
    const accepted = existing ? await api.updateService(org, body) : await api.createService(org, body);
    leaves(`The deployment goes on. See: pipecat cloud agent status ${plan.name}`);
    if (accepted.warning) context.warn(accepted.warning);
    const isFromGit = plan.source.kind === 'git';
    if (isFromGit && flags.wait) await followGitDeploy(context, plan.name, undefined, flags.buildTimeout);
    const service = flags.wait
      ? await waitUntilReady(api, org, context.progress, {
          name: plan.name,
          // Of a repository a deployment is made only once it is built.
          deploymentId: isFromGit ? undefined : accepted.desiredDeploymentId,
          seconds: flags.waitTimeout,
        })
      : undefined;
    return { build, accepted, service };
  });
  report(context, { plan, org, action: existing ? 'updated' : 'created', ...outcome });
}

/** The source of an agent that is there changes with its link, so that it is seen what runs until then. */
function refuseGitUpdate({ name, source }: DeployPlan): void {
  if (source.kind !== 'git') return;
  const { repoFullName, branch } = source.git;
  throw usageError(
    `${name} exists already, and a repository can be named only for a new agent.`,
    `Link it: pipecat cloud agent link ${name} --repo ${repoFullName} --branch ${branch}; then: pipecat cloud agent deploy ${name} --github`,
  );
}

/** What a server does not know it would leave out, and give the new deployment all sessions. */
function checkRollout({ name, body }: DeployPlan, existing: Service | undefined): void {
  if (!body.rollout) return;
  if (existing?.rollout === undefined && existing !== undefined) {
    throw new CliError(`The server of ${name} knows neither --strict nor --canary nor --no-promote.`, {
      hint: 'Deploy without them, or update the server. Nothing was changed.',
    });
  }
  if (existing?.activeDeploymentId || body.rollout.strict) return;
  throw usageError(
    `${name} has no deployment that takes sessions, so none can serve beside the new one.`,
    'Deploy it without --canary and --no-promote first.',
  );
}

/** Without a terminal the missing confirmation is the first thing to say; on one, the missing pull secret. */
function checkCredentials(plan: DeployPlan, flags: DeployFlags, unattended: boolean): void {
  if (unattended || plan.source.kind !== 'image' || plan.pullSecretSet !== undefined || flags.credentials === false)
    return;
  throw usageError(
    `No credentials for the registry of ${plan.source.image}.`,
    'Pass --credentials SET for a private image, or --no-credentials (or --yes) for a public one.',
  );
}

function requestBody(plan: DeployPlan, region: string, build: BuildOutcome | undefined): DeployBody {
  const { source } = plan;
  if (build) return { ...plan.body, region, buildId: build.id };
  if (source.kind === 'git') return { ...plan.body, region, git: source.git } as DeployBody;
  if (source.kind === 'buildId') return { ...plan.body, region, buildId: source.buildId };
  return source.kind === 'image' ? { ...plan.body, region, image: source.image } : { ...plan.body, region };
}

function summary(
  { colours }: CommandContext,
  plan: DeployPlan,
  org: string,
  region: string,
  existing: Service | undefined,
  files: readonly ContextFile[],
  file: DeployFile | undefined,
): string {
  const { source, body } = plan;
  const what =
    source.kind === 'image'
      ? source.image
      : source.kind === 'git'
        ? `${source.git.repoFullName}@${source.git.branch}`
        : source.kind === 'buildId'
          ? `build ${source.buildId}`
          : `${plan.buildDir === '.' ? 'this directory' : plan.buildDir} (${plural(files.length, 'file')})`;
  const { minAgents = 0, maxAgents } = body.autoScaling ?? {};
  const was = existing?.autoScaling.minReplicas;
  const rows: [string, string][] = [
    ['Agent', `${plan.name} in ${org}, ${region} (${existing ? 'update' : 'new'})`],
    ['From', what],
    [
      'Scaling',
      `${minAgents} kept warm${was !== undefined && was !== minAgents ? ` (now ${was})` : ''}${maxAgents === undefined ? '' : `, ${maxAgents} at most`}`,
    ],
    ...(body.rollout ? [['Rollout', rolloutText(body.rollout)] as [string, string]] : []),
    ...(plan.secretSet ? [['Secrets', plan.secretSet] as [string, string]] : []),
    ...(body.agentProfile ? [['Profile', body.agentProfile] as [string, string]] : []),
    ...(file ? [['Settings', shorten(file.path)] as [string, string]] : []),
  ];
  return fields(rows, colours.dim);
}

function rolloutText({ strict, canaryPercent }: NonNullable<DeployBody['rollout']>): string {
  if (strict) return 'strict: new sessions wait for it';
  return canaryPercent === undefined
    ? 'held until promoted'
    : `canary: ${canaryPercent}% of new sessions until promoted`;
}

interface Outcome {
  plan: DeployPlan;
  org: string;
  action: 'created' | 'updated';
  build: BuildOutcome | undefined;
  accepted: Service;
  service: Service | undefined;
}

function report(context: CommandContext, { plan, org, action, build, accepted, service }: Outcome): void {
  const current = service ?? accepted;
  const data = {
    // The first four as official clients print them.
    agentName: plan.name,
    deploymentId: current.desiredDeploymentId ?? current.activeDeploymentId ?? null,
    ready: service !== undefined,
    available: current.available ?? false,
    name: plan.name,
    organization: org,
    action,
    ...(build ? { build } : {}),
    ...(accepted.warning ? { warning: accepted.warning } : {}),
    service: current,
  };
  const { green } = context.colours;
  context.result(data, () =>
    service
      ? `${green('Ready:')} ${plan.name} is ${action}.${waits(plan.name, service)}`
      : `Accepted: ${plan.name} is ${action}; it is not ready yet. See: pipecat cloud agent status ${plan.name}`,
  );
  if (service) context.note(context.colours.dim(`Start a session: pipecat cloud agent start ${plan.name}`));
}

/** A deployment that does not have all new sessions yet, and how it gets them. */
function waits(name: string, { rollout }: Service): string {
  if (rollout?.state !== 'canary' && rollout?.state !== 'held') return '';
  const share = rollout.state === 'held' ? 'no session' : `${rollout.canaryPercent}% of the new sessions`;
  return ` It takes ${share} until: pipecat cloud agent promote ${name}\nTo go back: pipecat cloud agent rollback ${name}`;
}
