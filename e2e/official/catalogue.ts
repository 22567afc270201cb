import type { Permission } from '@pipecat-cloud/contract/permissions';
import type { Credential, Version } from './track.js';

/** A command of the published clients, and what may be said of it before it is tried. */
export interface Command {
  name: string;
  /** Absent: both. */
  version?: Version;
  /** Why it has no meaning with a credential. */
  without?: Partial<Record<Credential, string>>;
  /**
   * What the narrow token runs: arguments behind the name, and the permission that it lacks; without one it must succeed, or be
   * told what everybody is told. Or why there is nothing to refuse.
   */
  narrow: { args: readonly string[]; lacks?: Permission; told?: string } | string;
}

const asks = 'sends nothing to the server';
const signsIn = 'it makes a credential of its own';

/** All commands of both versions; a test compares this list with the command trees of the installed packages. */
export const commands: readonly Command[] = [
  { name: '--version', narrow: asks },
  { name: '--show-cli-config', narrow: asks },

  {
    name: 'auth login',
    without: { personal: signsIn, serviceAccount: signsIn },
    narrow: signsIn,
  },
  { name: 'auth use-pat', without: { login: 'it takes a token' }, narrow: { args: [] } },
  { name: 'auth whoami', narrow: { args: [] } },
  { name: 'auth logout', narrow: 'needs no permission, so none can be lacking' },

  { name: 'organizations list', narrow: { args: [] } },
  { name: 'organizations select', narrow: { args: ['-o', '{org}'] } },
  { name: 'organizations default-region', narrow: { args: ['us-west'], lacks: 'org:write' } },
  { name: 'organizations properties list', narrow: { args: [] } },
  { name: 'organizations properties schema', narrow: { args: [] } },
  { name: 'organizations properties set', narrow: { args: ['defaultRegion', 'us-west'], lacks: 'org:write' } },
  { name: 'organizations keys list', narrow: { args: [], lacks: 'keys:read' } },
  { name: 'organizations keys create', narrow: { args: ['--name', 'narrow'], lacks: 'keys:write' } },
  { name: 'organizations keys use', narrow: { args: [], lacks: 'keys:read' } },
  { name: 'organizations keys revoke', narrow: { args: [], lacks: 'keys:read' } },
  { name: 'organizations keys delete', version: '0.6.0', narrow: { args: [], lacks: 'keys:read' } },
  { name: 'regions list', narrow: { args: [] } },

  { name: 'secrets set', narrow: { args: ['bot-secrets', 'KEY=value', '--skip'], lacks: 'secrets:read' } },
  { name: 'secrets list', narrow: { args: [], lacks: 'secrets:read' } },
  { name: 'secrets unset', narrow: { args: ['bot-secrets', 'FIRST', '--skip'], lacks: 'secrets:write' } },
  { name: 'secrets delete', narrow: { args: ['bot-secrets', '--skip'], lacks: 'secrets:write' } },
  {
    name: 'secrets image-pull-secret',
    narrow: { args: ['registry', 'https://registry.example.com/', 'ann:word', '--skip'], lacks: 'secrets:read' },
  },

  { name: 'deploy', narrow: { args: ['bot', '--build-id', '{build}', '--yes'], lacks: 'agents:deploy' } },
  { name: 'docker build-push', narrow: asks },
  { name: 'build list', narrow: { args: [], lacks: 'builds:read' } },
  { name: 'build status', narrow: { args: ['{build}'], lacks: 'builds:read' } },
  { name: 'build logs', narrow: { args: ['{build}'], lacks: 'builds:read' } },

  { name: 'agent list', narrow: { args: [] } },
  { name: 'agent status', narrow: { args: ['bot'] } },
  { name: 'agent deployments', narrow: { args: ['bot'] } },
  { name: 'agent logs', narrow: { args: ['bot'], lacks: 'logs:read' } },
  { name: 'agent sessions', narrow: { args: ['bot'], lacks: 'sessions:read' } },
  { name: 'agent start', narrow: { args: ['bot', '--api-key', '{firstKey}', '--data', '{"seconds":0}', '--force'] } },
  { name: 'agent stop', narrow: { args: ['bot', '--session-id', '{session}', '--force'], lacks: 'sessions:stop' } },
  { name: 'agent delete', narrow: { args: ['bot', '--force'], lacks: 'agents:delete' } },
  { name: 'agent scale', narrow: asks },
  ...newest([
    { name: 'agent link', narrow: { args: ['bot', '--repo', 'a/b', '--branch', 'main'], lacks: 'agents:deploy' } },
    { name: 'agent unlink', narrow: { args: ['bot', '--force'], lacks: 'agents:deploy' } },
    { name: 'agent deploy', narrow: { args: ['bot', '--github'], lacks: 'agents:deploy' } },

    { name: 'agent profiles list', narrow: { args: [] } },
    { name: 'agent profiles create', narrow: { args: ['big', '--cpu', '2', '--memory', '2Gi'], lacks: 'org:write' } },
    { name: 'agent profiles update', narrow: { args: ['small', '--display-name', 'Tiny'], lacks: 'org:write' } },
    { name: 'agent profiles disable', narrow: { args: ['small'], lacks: 'org:write' } },
    { name: 'agent profiles enable', narrow: { args: ['small'], lacks: 'org:write' } },

    { name: 'spend-limit show', narrow: { args: [] } },
    { name: 'spend-limit set', narrow: { args: ['5'], lacks: 'org:write' } },
    { name: 'spend-limit clear', narrow: { args: ['--yes'], lacks: 'org:write' } },

    { name: 'regions register', narrow: { args: ['pce-other'], lacks: 'org:write' } },
    { name: 'regions show', narrow: { args: ['pce-kept'] } },
    { name: 'regions enroll-token', narrow: { args: ['pce-kept'], lacks: 'org:write' } },
    { name: 'regions delete', narrow: { args: ['pce-kept', '--yes'], lacks: 'org:write' } },
    { name: 'secrets reference', narrow: { args: ['any', '--region', 'pce-kept'], lacks: 'secrets:write' } },

    { name: 'organizations registry-keys list', narrow: { args: [], lacks: 'keys:read' } },
    { name: 'organizations registry-keys mint', narrow: { args: ['--name', 'any'], lacks: 'keys:write' } },
    { name: 'organizations registry-keys revoke', narrow: { args: ['any', '--force'], lacks: 'keys:write' } },

    { name: 'github status', narrow: { args: [] } },
    { name: 'github connect', narrow: { args: [], lacks: 'org:write' } },
    { name: 'github disconnect', narrow: { args: ['--yes'], lacks: 'org:write' } },
    { name: 'github repos', narrow: { args: [], told: 'not linked to GitHub' } },
    { name: 'github branches', narrow: { args: ['a/b'], told: 'not linked to GitHub' } },
  ]),
];

function newest(list: readonly Omit<Command, 'version'>[]): readonly Command[] {
  return list.map((command) => ({ ...command, version: '1.4.0' }));
}

export const commandsOf = (version: Version) =>
  commands.filter((command) => command.version === undefined || command.version === version);
