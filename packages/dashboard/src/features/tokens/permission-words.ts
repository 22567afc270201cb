import type { Permission } from '@pipecat-cloud/contract/permissions';

/** What each permission lets somebody do, after "can". */
export const permissionWords: Readonly<Record<Permission, string>> = {
  'org:read': 'see the organization and its members',
  'org:write': 'change the organization’s settings, regions and policies',
  'members:write': 'manage members, invitations and service accounts',
  'agents:read': 'see agents',
  'agents:deploy': 'deploy agents',
  'agents:delete': 'delete agents',
  'sessions:read': 'see sessions',
  'sessions:start': 'start sessions',
  'sessions:stop': 'stop sessions',
  'logs:read': 'read logs',
  'builds:read': 'see builds',
  'builds:write': 'build images',
  'secrets:read': 'see names of secrets',
  'secrets:write': 'set and delete secrets',
  'keys:read': 'see API keys',
  'keys:write': 'make and revoke API keys',
  'tokens:read': 'see service accounts and their tokens',
  'tokens:write': 'make and end other tokens',
  'audit:read': 'read the audit log',
  'daily_key:read': 'read the Daily key',
};

export const permissionGroups: readonly { title: string; permissions: readonly Permission[] }[] = [
  {
    title: 'Agents',
    permissions: [
      'agents:read',
      'agents:deploy',
      'agents:delete',
      'builds:read',
      'builds:write',
      'sessions:read',
      'sessions:start',
      'sessions:stop',
      'logs:read',
    ],
  },
  {
    title: 'Secrets and keys',
    permissions: ['secrets:read', 'secrets:write', 'keys:read', 'keys:write', 'daily_key:read'],
  },
  { title: 'Organization', permissions: ['org:read', 'org:write', 'members:write', 'audit:read'] },
  { title: 'Tokens', permissions: ['tokens:read', 'tokens:write'] },
];

/** "a, b and c". */
export function listed(words: readonly string[], last = 'and'): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
