import type { CommandContext } from '../../lib/context.js';
import { findDeployFile } from '../../lib/deploy-file.js';
import { type Settings, shorten } from '../../lib/settings.js';
import { type Check, failure, passed, warned } from '../auth/check-result.js';

/** Names that people and old pages use, and what they meant. */
const mistaken: Record<string, string> = {
  PIPECAT_CLOUD_API_KEY: 'PIPECAT_TOKEN',
  PIPECAT_API_KEY: 'PIPECAT_TOKEN',
  PIPECAT_CLOUD_TOKEN: 'PIPECAT_TOKEN',
  PIPECAT_PAT: 'PIPECAT_TOKEN',
  PIPECAT_ORGANIZATION: 'PIPECAT_ORG',
  PIPECAT_API_URL: 'PIPECAT_API_HOST',
  PIPECAT_HOST: 'PIPECAT_API_HOST',
  PIPECAT_CONFIG: 'PIPECAT_CONFIG_PATH',
  PIPECAT_DEPLOY_CONFIG: 'PIPECAT_DEPLOY_CONFIG_PATH',
};

/** Variables and the credentials file: can they be read, and do they say what their owner thinks they say? */
export async function checkSettings(context: CommandContext): Promise<Check[]> {
  let settings: Settings;
  try {
    settings = await context.settings();
  } catch (error) {
    return [failure(context, 'settings', error)];
  }
  const { file, apiHost } = settings;
  const where = shorten(file.path);
  return [
    passed(
      'settings',
      file.exists
        ? `settings come from the environment and ${where}`
        : `there is no ${where}; settings come from the environment`,
    ),
    ...mistakenNames(context),
    ...refreshToken(context),
    ...overridden(context, settings),
    ...inTheOpen(apiHost.value, apiHost.from),
  ];
}

function mistakenNames({ io }: CommandContext): Check[] {
  return Object.entries(mistaken)
    .filter(([name, meant]) => io.env[name] && io.env[meant] === undefined)
    .map(([name, meant]) => warned('settings', `${name} is set, and nothing reads it`, `Meant was probably ${meant}.`));
}

/** A refresh token works once, and the server ends the sign-in when it comes again: no variable can hold one. */
function refreshToken({ io }: CommandContext): Check[] {
  if (!io.env.PIPECAT_REFRESH_TOKEN) return [];
  return [
    warned(
      'settings',
      'PIPECAT_REFRESH_TOKEN is set, and is not used: such a token works once, so a variable can not hold it',
      'In scripts use a personal access token as PIPECAT_TOKEN; elsewhere: pipecat cloud auth login',
    ),
  ];
}

/** A variable that was set once and forgotten goes before what was stored since. */
function overridden({ io }: CommandContext, { file }: Settings): Check[] {
  const found: Check[] = [];
  const differs = (variable: string, key: string) =>
    io.env[variable] !== undefined &&
    typeof file.values[key] === 'string' &&
    file.values[key] !== io.env[variable]?.trim();
  for (const [variable, key, what] of [
    ['PIPECAT_TOKEN', 'token', 'token'],
    ['PIPECAT_ORG', 'org', 'organization'],
  ] as const) {
    if (!differs(variable, key)) continue;
    found.push(
      warned(
        'settings',
        `${variable} goes before the ${what} in ${shorten(file.path)}`,
        `To use the stored one: unset ${variable}`,
      ),
    );
  }
  return found;
}

function inTheOpen(host: string, from: string): Check[] {
  const { protocol, hostname } = new URL(host);
  if (protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return [];
  return [
    warned(
      'settings',
      `the API host ${host} (from ${from}) is not https, so the token can be read on the way`,
      'Use https:// as soon as the server has it.',
    ),
  ];
}

export async function checkDeployFile(context: CommandContext, configFile: string | undefined): Promise<Check> {
  try {
    const file = await findDeployFile(context.io, configFile);
    if (!file) return passed('deploy file', 'there is no pcc-deploy.toml here');
    return passed(
      'deploy file',
      `${shorten(file.path)} is right${file.agentName ? `, and about ${file.agentName}` : ''}`,
    );
  } catch (error) {
    return failure(context, 'deploy file', error);
  }
}
