import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import { kindOf, maskToken } from '@pipecat-cloud/contract/token-format';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';
import { time } from '../../lib/format.js';
import { fields } from '../../lib/table.js';

/** `auth whoami`: the person, the organization, the token, and where each of them came from. */
export async function whoAmI(context: CommandContext) {
  const api = await context.api();
  const settings = await context.settings();
  const [{ user }, { organizations }, expiresAt] = await Promise.all([
    api.whoAmI(),
    api.listOrganizations(),
    expiry(api),
  ]);
  const first = organizations[0];
  const wanted = settings.organization ?? {
    value: first?.name ?? '',
    source: 'server' as const,
    from: 'first of the organizations that the token reaches',
  };
  const organization = organizations.find(({ name }) => name === wanted.value);
  const token = settings.token ?? { value: '', source: 'default' as const, from: '' };
  if (!organization) {
    const reached = organizations.map(({ name }) => name).join(', ') || 'none';
    throw new CliError(
      `You are ${nameOf(user)}, but the organization '${wanted.value}' (from ${wanted.from}) can't be reached with the token from ${token.from}.`,
      {
        exit: exitCodes.wrongOrganization,
        code: 'WRONG_ORGANIZATION',
        reason: 'wrong_organization',
        hint: `It reaches: ${reached}. Set PIPECAT_ORG, or run: pipecat cloud organizations select`,
      },
    );
  }

  const email = user.emails[0]?.emailAddress;
  const masked = maskToken(token.value);
  const data = {
    // As official clients print the person, and shorter.
    user: { ...user, id: user.userId, email: email ?? null },
    organization: {
      name: organization.name,
      verboseName: organization.verboseName,
      source: wanted.source,
      from: wanted.from,
    },
    token: {
      masked,
      kind: kindOf(token.value) ?? 'oauth',
      source: token.source,
      from: token.from,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
    apiHost: { value: settings.apiHost.value, source: settings.apiHost.source, from: settings.apiHost.from },
    configFile: settings.file.path,
  };
  const { bold, dim } = context.colours;
  const until = expiresAt === undefined ? '' : expiresAt ? `, until ${time(expiresAt)} UTC` : ', without an end';
  const verbose = organization.verboseName === organization.name ? '' : `, ${organization.verboseName}`;
  context.result(data, () =>
    fields(
      [
        ['User', nameOf(user)],
        ['Organization', `${organization.name}${verbose} ${dim(`(${wanted.from})`)}`],
        ['Token', `${masked} ${dim(`(${token.from}${until})`)}`],
        ['API host', `${settings.apiHost.value} ${dim(`(${settings.apiHost.from})`)}`],
      ],
      bold,
    ),
  );
}

function nameOf(user: { userId: string; emails: { emailAddress: string }[] }): string {
  return user.emails[0]?.emailAddress ?? user.userId;
}

/** When the token ends; undefined where the server doesn't say, as other servers of this contract don't. */
async function expiry(api: Client): Promise<string | null | undefined> {
  try {
    return (await api.describeToken()).token.expiresAt;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
