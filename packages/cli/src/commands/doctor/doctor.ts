import { presets } from '@pipecat-cloud/contract/permissions';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { accessChecks } from '../auth/check.js';
import { type Check, checkText } from '../auth/check-result.js';
import { checkAgents, checkRegions } from './check-agents.js';
import { checkDocker } from './check-docker.js';
import { checkInstallation } from './check-installation.js';
import { checkServer } from './check-server.js';
import { checkDeployFile, checkSettings } from './check-settings.js';

/** `doctor`: everything that is asked for help about, looked at in the order in which it goes wrong. */
export async function doctor(context: CommandContext, options: { configFile?: string }): Promise<void> {
  const checks = await run(context, options.configFile);
  context.expiry.shown();
  const first = checks.find(({ ok }) => !ok);
  const warnings = checks.filter(({ warning }) => warning).length;
  const data = { ok: first === undefined, checks: checks.map(toData) };
  const text = () => checkText(context, checks);
  if (!first) {
    context.result(data, text);
    context.note(warnings > 0 ? `Nothing is broken; ${plural(warnings, 'remark')} above.` : 'All is well.');
    return;
  }
  if (!context.json) context.result(data, text);
  const others = checks.filter(({ ok }) => !ok).length - 1;
  throw new CliError(`Something is wrong: ${first.text}${others > 0 ? ` (and ${others} more, above)` : ''}`, {
    code: 'UNHEALTHY',
    exit: first.exit ?? exitCodes.failed,
    ...(first.reason ? { reason: first.reason } : {}),
    ...(first.hint && context.json ? { hint: first.hint } : {}),
    data,
  });
}

async function run(context: CommandContext, configFile: string | undefined): Promise<Check[]> {
  const checks = [...(await checkSettings(context)), await checkDeployFile(context, configFile)];
  if (checks[0]?.ok === false) return checks;
  const server = await checkServer(context);
  checks.push(...server);
  const reached = server[0]?.ok === true;
  if (reached) {
    const wanted = { permissions: presets.deploy, agents: [], minDays: 0 };
    const access = (await accessChecks(context, wanted)).filter(({ name, ok }) => name !== 'server' || !ok);
    checks.push(...access);
    if (access.find(({ name }) => name === 'organization')?.ok) {
      checks.push(...(await checkInstallation(context)));
      checks.push(...(await checkRegions(context)), ...(await checkAgents(context)));
    }
  }
  checks.push(await checkDocker(context));
  return checks;
}

function toData({ name, ok, warning, text, reason, hint }: Check) {
  return {
    name,
    state: ok ? (warning ? 'warning' : 'ok') : 'failed',
    text,
    ...(reason ? { reason } : {}),
    ...(hint ? { hint } : {}),
  };
}
