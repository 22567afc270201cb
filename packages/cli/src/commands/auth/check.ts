import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import { type Permission, presets } from '@pipecat-cloud/contract/permissions';
import { kindOf } from '@pipecat-cloud/contract/token-format';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes, usageError } from '../../lib/errors.js';
import { untilText } from '../../lib/expiry-watch.js';
import { minute } from '../../lib/format.js';
import { checkPermission } from '../token/grant-options.js';
import { endOf } from '../token/token-view.js';
import { checkOrganization } from './check-organization.js';
import { checkPermissions } from './check-permissions.js';
import { type Check, checkText, failure, passed } from './check-result.js';

export interface CheckOptions {
  permission?: string[];
  agent?: string[];
  minDays?: number;
}

/**
 * `auth status --check`: is everything there that the next steps of a pipeline need? A line for each check, and the exit code of
 * the first that failed. What can't be told counts as failed.
 */
export async function checkAccess(context: CommandContext, options: CheckOptions): Promise<void> {
  const permissions = options.permission?.map(checkPermission) ?? presets.deploy;
  if (options.agent && options.agent.length > 20) throw usageError('Name at most 20 agents.');
  const checks = await accessChecks(context, {
    permissions,
    agents: options.agent ?? [],
    minDays: options.minDays ?? 7,
  });
  context.expiry.shown();
  const first = checks.find(({ ok }) => !ok);
  const data = { ok: first === undefined, checks: checks.map(({ exit: _, ...check }) => check) };
  if (!first) {
    context.result(data, () => checkText(context, checks));
    return;
  }
  if (!context.json) context.result(data, () => checkText(context, checks));
  const others = checks.filter(({ ok }) => !ok).length - 1;
  throw new CliError(`Not ready: ${first.text}${others > 0 ? ` (and ${others} more, above)` : ''}`, {
    code: 'NOT_READY',
    exit: first.exit ?? exitCodes.failed,
    ...(first.reason ? { reason: first.reason } : {}),
    ...(first.hint && context.json ? { hint: first.hint } : {}),
    data,
  });
}

interface Wanted {
  permissions: readonly Permission[];
  agents: readonly string[];
  minDays: number;
}

/** Server, credential, organization, permissions and lifetime, as far as one lets the next be asked. */
export async function accessChecks(context: CommandContext, wanted: Wanted): Promise<Check[]> {
  const checks: Check[] = [];
  let api: Client;
  try {
    api = await context.api();
  } catch (error) {
    // A credentials file that can't be read, too: whatever it is, nothing below can be asked.
    return [failure(context, 'credential', error)];
  }
  const { apiHost, token: inUse } = await context.settings();
  const token = await describe(context, api).catch((error: unknown) => error);
  if (token instanceof Error) {
    const answered = token instanceof ApiError && token.fromApi;
    if (answered) checks.push(passed('server', `${apiHost.value} answers`));
    return [...checks, failure(context, answered ? 'credential' : 'server', token)];
  }
  const described = token as Token | undefined;
  checks.push(passed('server', `${apiHost.value} answers`));
  checks.push(
    passed(
      'credential',
      `${described ? `the token ${described.name} (${described.masked})` : 'the sign-in'} from ${inUse?.from} is accepted`,
    ),
  );

  const organization = await checkOrganization(context, api);
  checks.push(organization.check);
  if (organization.check.ok)
    checks.push(...(await checkPermissions(context, api, { ...wanted, organization, described })));
  checks.push(checkEnd(described, wanted.minDays, new Date()));
  return checks;
}

/** Undefined for a sign-in that the server accepts: it is a person's own, and no token describes it. */
async function describe(context: CommandContext, api: Client): Promise<Token | undefined> {
  const value = (await context.settings()).token?.value ?? '';
  const kind = kindOf(value);
  if (kind === 'personal' || kind === 'serviceAccount' || kind === 'ci') return (await api.describeToken()).token;
  await api.whoAmI();
  return undefined;
}

function checkEnd(token: Token | undefined, minDays: number, now: Date): Check {
  const name = 'lifetime';
  if (!token) return passed(name, 'the sign-in renews itself');
  const end = endOf(token);
  if (end === null) return passed(name, 'the token has no end');
  const leftMs = Date.parse(end) - now.getTime();
  const ends = `the token ends in ${untilText(leftMs)} (${minute(end)} UTC)`;
  // Made for this job, and made anew for the next.
  if (token.kind === 'ci' || leftMs >= minDays * 86_400_000) return passed(name, ends);
  return {
    ...{ name, ok: false, exit: exitCodes.credentialRejected, reason: 'expires_soon' },
    text: `${ends}; wanted are ${minDays} days`,
    hint:
      token.state === 'rotating'
        ? 'It was rotated: put its successor in its place.'
        : 'Its owner renews it, signed in: pipecat cloud token rotate NAME',
  };
}
