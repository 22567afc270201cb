import type { Client } from '@pipecat-cloud/contract/client';
import type { PolicyDryRun } from '@pipecat-cloud/contract/policies';
import type { CommandContext } from '../../../lib/context.js';
import { minute, plural } from '../../../lib/format.js';
import { clean } from '../../../lib/text.js';
import { isSelf } from '../../token/find-token.js';
import { lastUseText, nameWithId } from '../../token/token-view.js';
import { bodyOf, type PolicyOptions, policyText } from './rules.js';

export async function showPolicy(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.getPolicy(org);
  context.result(answer, () => {
    const since = answer.updatedAt ? `changed ${minute(answer.updatedAt)} UTC` : 'never changed';
    return `${policyText(context, answer.policy)}\n${context.colours.dim(`Policy of ${org}, ${since}.`)}`;
  });
}

/** `organizations policies dry-run`: which tokens would stop, and changes nothing. */
export async function dryRunPolicy(context: CommandContext, options: PolicyOptions) {
  const body = bodyOf(options);
  const [api, org] = [await context.api(), await context.org()];
  const [dryRun, { policy: before }] = await Promise.all([api.dryRunPolicy(org, body), api.getPolicy(org)]);
  const own = await ownAmong(context, api, dryRun);
  context.result(
    dryRun,
    () => `${policyText(context, dryRun.policy, before)}\n\n${stoppedText(context, dryRun, own)}\nNothing was changed.`,
  );
}

/** `organizations policies set`: the dry run first, and a question where tokens would stop. */
export async function setPolicy(context: CommandContext, options: PolicyOptions & { yes?: boolean; force?: boolean }) {
  const body = bodyOf(options);
  const [api, org] = [await context.api(), await context.org()];
  const [dryRun, { policy: before }] = await Promise.all([api.dryRunPolicy(org, body), api.getPolicy(org)]);
  const own = await ownAmong(context, api, dryRun);
  const count = dryRun.stopped.length;
  if (count > 0 && !context.json) context.note(stoppedText(context, dryRun, own));
  if (count > 0 && !options.yes && !options.force) {
    await context.confirm(`Set the policy of ${org} although ${plural(count, 'token')} would stop?`, '--yes');
  }
  const answer = await api.putPolicy(org, body);
  context.result({ ...answer, stopped: dryRun.stopped }, () => {
    const stops = count > 0 ? `, and ${plural(count, 'token')} stopped` : '';
    return `${policyText(context, answer.policy, before)}\n${context.colours.green(`The policy of ${org} is set${stops}.`)}`;
  });
}

/** Id of the token in use, if it is one of those that would stop: then nobody could take the rule back with it. */
async function ownAmong(context: CommandContext, api: Client, { stopped }: PolicyDryRun): Promise<string | undefined> {
  for (const { token } of stopped) if (await isSelf(context, api, token)) return token.id;
  return undefined;
}

function stoppedText(context: CommandContext, { stopped }: PolicyDryRun, own: string | undefined): string {
  if (stopped.length === 0) return 'No live token would stop.';
  const now = new Date();
  const { bold, red, yellow } = context.colours;
  // The sentence is the point, so it gets a line of its own rather than a column that is cut.
  const lines = stopped.map(
    ({ token, sentence }) =>
      `  ${bold(clean(nameWithId(token)))} of ${clean(token.owner.name)}, ${lastUseText(token, now)}${token.id === own ? red(', the token in use') : ''}\n    ${clean(sentence)}`,
  );
  return `${yellow(`${plural(stopped.length, 'live token')} would stop:`)}\n${lines.join('\n')}`;
}
