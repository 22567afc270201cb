import { type Permission, permissions } from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { usageError } from '../../lib/errors.js';

export interface GrantOptions {
  preset?: 'deploy' | 'readOnly';
  permission?: string[];
  organizationOnly?: string[];
  agent?: string[];
  network?: string[];
}

export interface LifetimeOptions {
  days?: number | 'none';
  expiresAt?: string;
}

/** The restrictions that the flags name; undefined when there are none, which is "everything that the owner may do". */
export function grantOf(options: GrantOptions): Grant | undefined {
  const { preset, permission, organizationOnly, agent, network } = options;
  if (preset !== undefined && permission !== undefined) {
    throw usageError('Give --preset or --permission, not both.', 'A preset is a ready list of permissions.');
  }
  const grant: Grant = {
    ...(preset ? { preset } : {}),
    ...(permission ? { permissions: unique(permission.map(checkPermission)) } : {}),
    ...(organizationOnly ? { organizations: unique(organizationOnly) } : {}),
    ...(agent ? { agents: unique(agent) } : {}),
    ...(network ? { networks: unique(network) } : {}),
  };
  return Object.keys(grant).length > 0 ? grant : undefined;
}

/** Members of a body for the life that the flags ask for; empty for the server's default. */
export function lifetimeOf({ days, expiresAt }: LifetimeOptions): {
  expiresInDays?: number | null;
  expiresAt?: string;
} {
  if (days !== undefined && expiresAt !== undefined) throw usageError('Give --days or --expires-at, not both.');
  if (expiresAt !== undefined) return { expiresAt: checkInstant(expiresAt, '--expires-at') };
  return days === undefined ? {} : { expiresInDays: days === 'none' ? null : days };
}

/** A date or a time in UTC, as the API takes them. */
export function checkInstant(text: string, flag: string): string {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z)?$/.test(text) || Number.isNaN(Date.parse(text))) {
    throw usageError(
      `'${text}' is no date for ${flag}.`,
      'Write 2026-01-31, or with a time in UTC 2026-01-31T12:00:00Z.',
    );
  }
  return text;
}

export function checkPermission(text: string): Permission {
  const found = permissions.find((permission) => permission === text);
  if (found) return found;
  const resource = text.split(':')[0];
  const near = permissions.filter((permission) => permission.startsWith(`${resource}:`));
  throw usageError(
    `There is no permission '${text}'.`,
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `There are: ${permissions.join(', ')}`,
  );
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
