import type { UpdateServiceAccountBody } from '@pipecat-cloud/contract/service-accounts';
import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { findServiceAccount } from './find.js';

type Role = NonNullable<UpdateServiceAccountBody['role']>;

export async function createServiceAccount(
  context: CommandContext,
  name: string,
  options: { role: Role; description?: string },
) {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])$/.test(name) || name.length > 63) {
    throw usageError(
      `'${name}' is no name for a service account.`,
      'Use 2 to 63 lower-case letters, digits and dashes, with no dash at the ends.',
    );
  }
  const [api, org] = [await context.api(), await context.org()];
  const { description, role } = options;
  const answer = await api.createServiceAccount(org, {
    name,
    role,
    ...(description === undefined ? {} : { description }),
  });
  context.result(
    answer,
    () =>
      `Service account ${name} is made in ${org}, role ${role}. Give it a token with: pipecat cloud token create --name NAME --service-account ${name}`,
  );
}

export async function updateServiceAccount(
  context: CommandContext,
  name: string,
  options: { role?: Role; description?: string },
) {
  const { description, role } = options;
  if (role === undefined && description === undefined)
    throw usageError('Nothing to change: pass --role or --description.');
  await update(
    context,
    name,
    { ...(role ? { role } : {}), ...(description === undefined ? {} : { description }) },
    'changed',
  );
}

export const enableServiceAccount = (context: CommandContext, name: string) =>
  update(context, name, { disabled: false }, 'enabled: its tokens are accepted again');
export const disableServiceAccount = (context: CommandContext, name: string) =>
  update(context, name, { disabled: true }, "disabled: its tokens are refused until 'service-accounts enable'");

async function update(context: CommandContext, name: string, body: UpdateServiceAccountBody, done: string) {
  const [api, org] = [await context.api(), await context.org()];
  const account = await findServiceAccount(api, org, name);
  const answer = await api.updateServiceAccount(org, account.id, body);
  context.result(answer, () => `Service account ${account.name} is ${done}.`);
}

export async function deleteServiceAccount(
  context: CommandContext,
  name: string,
  options: { force?: boolean; yes?: boolean },
) {
  const [api, org] = [await context.api(), await context.org()];
  const account = await findServiceAccount(api, org, name);
  if (!options.force && !options.yes) {
    await context.confirm(
      `Delete the service account ${account.name} from ${org}? Its ${plural(account.liveTokens, 'live token')} stop at once.`,
      '--force',
    );
  }
  const answer = await api.deleteServiceAccount(org, account.id);
  context.result(
    { ...answer, name: account.name, id: account.id },
    () => `Service account ${account.name} is deleted, with its tokens.`,
  );
}
