import type { Client } from '@pipecat-cloud/contract/client';
import { type Permission, type Role, rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { exitCodes } from '../../lib/errors.js';
import { exitOfRefusal } from '../../lib/report-error.js';
import type { FoundOrganization } from './check-organization.js';
import { type Check, failure, passed } from './check-result.js';

export interface WantedPermissions {
  permissions: readonly Permission[];
  /** Each permission is asked for each of them; none means the organization as a whole. */
  agents: readonly string[];
  organization: FoundOrganization;
  /** Undefined for a sign-in. */
  described: Token | undefined;
}

/** A check for each permission, by what the server would say to a request that needs it. */
export function checkPermissions(context: CommandContext, api: Client, wanted: WantedPermissions): Promise<Check[]> {
  const { permissions, agents, organization, described } = wanted;
  const asked = permissions.flatMap((permission) =>
    agents.length === 0 ? [{ permission }] : agents.map((agent) => ({ permission, agent })),
  );
  return Promise.all(
    asked.map(async (question): Promise<Check> => {
      const name = `permission ${question.permission}`;
      const what = `${question.permission}${'agent' in question ? ` for ${question.agent}` : ''} in ${organization.name}`;
      if (!described) return byRole(name, what, question.permission, organization.role);
      try {
        const answer = await api.can({ ...question, organization: organization.name });
        if (answer.allowed) return passed(name, `may ${what}`);
        return {
          ...{ name, ok: false, text: `may not ${what}`, exit: exitOfRefusal(answer.reason) ?? exitCodes.forbidden },
          ...(answer.reason ? { reason: answer.reason } : {}),
          hint: answer.error ?? 'Ask an admin for a token that may.',
        };
      } catch (error) {
        return failure(context, name, error);
      }
    }),
  );
}

/** A sign-in acts as the person, so the role tells. */
function byRole(name: string, what: string, permission: Permission, role: string | undefined): Check {
  const known = role !== undefined && Object.hasOwn(rolePermissions, role) ? rolePermissions[role as Role] : undefined;
  if (known?.has(permission)) return passed(name, `may ${what}, as ${role}`);
  return {
    ...{ name, ok: false, exit: exitCodes.forbidden, reason: 'missing_permission' },
    text: known ? `may not ${what}, as ${role}` : `whether it may ${what} can't be told`,
    hint: known ? 'Ask an admin of the organization for another role.' : 'The server does not say what your role is.',
  };
}
