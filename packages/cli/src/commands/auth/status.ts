import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import { kindOf, maskToken } from '@pipecat-cloud/contract/token-format';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes, usageError } from '../../lib/errors.js';
import { minute } from '../../lib/format.js';
import type { Setting } from '../../lib/settings.js';
import { fields } from '../../lib/table.js';
import { endOf, left, permissionText } from '../token/token-view.js';
import { type CheckOptions, checkAccess } from './check.js';

export interface StatusOptions extends CheckOptions {
  check?: boolean;
}

/** `auth status`: who, where, with what and for how long; with `--check` the preflight of a pipeline. */
export async function authStatus(context: CommandContext, options: StatusOptions) {
  if (options.check) return checkAccess(context, options);
  if (options.permission || options.agent || options.minDays !== undefined) {
    throw usageError('--permission, --agent and --min-days are for --check.');
  }
  const api = await context.api();
  const settings = await context.settings();
  const [{ user }, { organizations }, token] = await Promise.all([
    api.whoAmI(),
    api.listOrganizations(),
    tokenInUse(api),
  ]);
  context.expiry.shown();
  const wanted = settings.organization;
  const organization = wanted ? organizations.find(({ name }) => name === wanted.value) : organizations[0];
  const who = user.emails[0]?.emailAddress ?? user.userId;
  const credential = settings.token ?? { value: '', source: 'default' as const, from: '' };
  const from = ({ source, from: text }: Setting) => ({ source, from: text });
  const data = {
    user: { id: user.userId, email: user.emails[0]?.emailAddress ?? null },
    organization:
      organization === undefined
        ? null
        : {
            name: organization.name,
            role: organization.role ?? null,
            ...(wanted
              ? from(wanted)
              : { source: 'server', from: 'first of the organizations that the token reaches' }),
          },
    wantedOrganization: wanted ? { value: wanted.value, ...from(wanted), reached: organization !== undefined } : null,
    credential: { kind: kindOf(credential.value) ?? 'oauth', masked: maskToken(credential.value), ...from(credential) },
    token: token ?? null,
    apiHost: { value: settings.apiHost.value, ...from(settings.apiHost) },
    configFile: settings.file.path,
  };
  const { bold, dim, red } = context.colours;
  const at = (text: string) => dim(`(${text})`);
  const place = organization
    ? `${organization.name}${organization.role ? `, ${organization.role}` : ''} ${at(wanted?.from ?? 'first that the token reaches')}`
    : red(wanted ? `${wanted.value} can't be reached (from ${wanted.from})` : 'none can be reached');
  const text = () =>
    fields(
      [
        ['User', who],
        ['Organization', place],
        ['API host', `${settings.apiHost.value} ${at(settings.apiHost.from)}`],
        ['Token', `${token ? `${token.name}, ` : ''}${maskToken(credential.value)} ${at(credential.from)}`],
        ...(token ? aboutToken(token) : []),
      ],
      bold,
    );
  if (organization || !context.json) context.result(data, text);
  if (organization) return;
  const reached = organizations.map(({ name }) => name).join(', ') || 'none';
  throw new CliError(
    wanted ? `The organization '${wanted.value}' can't be reached.` : 'No organization can be reached.',
    {
      ...(wanted
        ? { exit: exitCodes.wrongOrganization, code: 'WRONG_ORGANIZATION', reason: 'wrong_organization' }
        : { exit: exitCodes.forbidden, code: 'NO_ORGANIZATION' }),
      hint: wanted
        ? `It came from ${wanted.from}. The token reaches: ${reached}.`
        : 'Ask an owner or admin of an organization to add you, or use another token.',
      data,
    },
  );
}

function aboutToken(token: Token): [string, string][] {
  const end = endOf(token);
  const rows: [string, string][] = [
    ['Token id', token.id],
    ['May', permissionText(token)],
    ['Ends', end === null ? 'never' : `${minute(end)} UTC, in ${left(token, new Date())}`],
  ];
  const { organizations, agents, networks } = token.grant;
  if (token.state !== 'active') rows.push(['State', token.state]);
  if (organizations) rows.push(['Only in', organizations.join(', ')]);
  if (agents) rows.push(['Only agents', agents.join(', ')]);
  if (networks) rows.push(['Only from', networks.join(', ')]);
  return rows;
}

/** Undefined for a sign-in, which is no token, and where the server is another one that doesn't describe tokens. */
async function tokenInUse(api: Client): Promise<Token | undefined> {
  try {
    return (await api.describeToken()).token;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
