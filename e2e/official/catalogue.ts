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
   * What the narrow token runs: arguments behind the name, and the permission that it lacks; without one it must succeed. Or why
   * there is nothing to refuse.
   */
  narrow: { args: readonly string[]; lacks?: Permission } | string;
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
  { name: 'auth logout', narrow: 'ends what is stored: see the other columns' },

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
  { name: 'agent start', narrow: 'the session is opened by the public key, not by the token' },
  { name: 'agent stop', narrow: { args: ['bot', '--session-id', '{session}', '--force'], lacks: 'sessions:stop' } },
  { name: 'agent delete', narrow: { args: ['bot', '--force'], lacks: 'agents:delete' } },
  { name: 'agent scale', narrow: asks },
];

export const commandsOf = (version: Version) =>
  commands.filter((command) => command.version === undefined || command.version === version);
