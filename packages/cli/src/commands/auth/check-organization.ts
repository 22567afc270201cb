import type { Client } from '@pipecat-cloud/contract/client';
import type { CommandContext } from '../../lib/context.js';
import { exitCodes } from '../../lib/errors.js';
import { type Check, failure, passed } from './check-result.js';

export interface FoundOrganization {
  check: Check;
  name: string;
  role?: string | undefined;
}

/** The configured organization, or the first: does the credential reach it? */
export async function checkOrganization(context: CommandContext, api: Client): Promise<FoundOrganization> {
  const { organization: wanted } = await context.settings();
  try {
    const { organizations } = await api.listOrganizations();
    const reached = organizations.map(({ name }) => name).join(', ') || 'none';
    const found = wanted ? organizations.find(({ name }) => name === wanted.value) : organizations[0];
    if (found) {
      const from = wanted ? `from ${wanted.from}` : 'the first that the token reaches';
      return {
        name: found.name,
        role: found.role,
        check: passed('organization', `the organization is ${found.name} (${from})`),
      };
    }
    return {
      name: wanted?.value ?? '',
      check: wanted
        ? {
            ...{ name: 'organization', ok: false, exit: exitCodes.wrongOrganization, reason: 'wrong_organization' },
            text: `the organization '${wanted.value}' (from ${wanted.from}) can't be reached`,
            hint: `The token reaches: ${reached}. Set PIPECAT_ORG to one of them, or use another token.`,
          }
        : {
            ...{ name: 'organization', ok: false, exit: exitCodes.forbidden },
            text: 'the token reaches no organization',
            hint: 'Ask an admin of the organization to add its owner, or use another token.',
          },
    };
  } catch (error) {
    return { name: wanted?.value ?? '', check: failure(context, 'organization', error) };
  }
}
