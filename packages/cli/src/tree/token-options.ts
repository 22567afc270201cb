import { permissions } from '@pipecat-cloud/contract/permissions';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { integerOrNone, list } from './options.js';

/** Options that several commands about tokens share. */

export const daysOption = (about: string) =>
  new Option('--days <count>', about).argParser(integerOrNone(1, 3650)).conflicts('expiresAt');
export const expiresAtOption = () => new Option('--expires-at <date>', 'day or time (UTC) at which it ends');
export const serviceAccountOption = (about: string) => new Option('--service-account <name>', about);
export const allOption = () => new Option('--all', 'among all tokens that reach the organization (admins)');
export const valueOnlyOption = () => new Option('--value-only', 'print the value and nothing else, as when piped');
export const idHelp = 'id, the beginning of one, or its name';

/** The options that restrict what a token may do. */
export function narrowed(command: Command): Command {
  return command
    .addOption(new Option('--preset <name>', 'ready list of permissions: deploy or readOnly').argParser(preset))
    .addOption(new Option('--permission <name>', 'may do this; repeatable').argParser(list))
    .addOption(new Option('--organization-only <name>', 'reaches only this organization; repeatable').argParser(list))
    .addOption(new Option('--agent <name>', 'only this agent; repeatable').argParser(list))
    .addOption(new Option('--network <cidr>', 'only from these addresses; repeatable').argParser(list));
}

function preset(text: string): 'deploy' | 'readOnly' {
  const word = text.toLowerCase().replace('-', '');
  if (word === 'deploy') return 'deploy';
  if (word === 'readonly') return 'readOnly';
  throw new InvalidArgumentError('Give deploy or readOnly.');
}

export function hours(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 168) throw new InvalidArgumentError('Give hours from 0 to 168.');
  return value;
}

export function permissionHelp(): string {
  const lines: string[] = [''];
  for (const name of permissions) {
    const last = lines.at(-1) ?? '';
    if (last.length + name.length > 74) lines.push(`  ${name}`);
    else lines[lines.length - 1] = last ? `${last} ${name}` : `  ${name}`;
  }
  return `\nPermissions:\n${lines.join('\n')}`;
}
