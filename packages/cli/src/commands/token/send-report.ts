import type * as leaks from '@pipecat-cloud/contract/leaks';
import type { RevocationResult } from '@pipecat-cloud/contract/leaks';
import type { CommandContext } from '../../lib/context.js';
import { plural } from '../../lib/format.js';

const batch: typeof leaks.reportLimit = 1000;

export interface Reported {
  masked: string;
  status: RevocationResult['status'];
  id?: string;
}

/** Hands values in at the leak desk, which ends those that live. Asks first; needs no sign-in. */
export async function sendReport(
  context: CommandContext,
  values: ReadonlyMap<string, string>,
  options: { yes?: boolean | undefined; url?: string | undefined },
): Promise<Reported[]> {
  const host = (await context.settings()).apiHost.value;
  if (!options.yes) {
    await context.confirm(
      `Report ${plural(values.size, 'credential')} to ${host}? Each one that lives there is revoked at once, for everybody who uses it.`,
      '--yes',
    );
  }
  const api = await context.apiWith(undefined);
  const entries = [...values];
  const reported: Reported[] = [];
  for (let at = 0; at < entries.length; at += batch) {
    context.progress.step(`Reporting to ${host}`);
    const part = entries.slice(at, at + batch);
    const { results } = await api.revokeCredentials({
      credentials: part.map(([value]) => value),
      ...(options.url === undefined ? {} : { url: options.url }),
    });
    for (const [index, [, masked]] of part.entries()) {
      const result = results[index];
      if (result)
        reported.push({ masked, status: result.status, ...(result.id === undefined ? {} : { id: result.id }) });
    }
  }
  context.progress.stop();
  return reported;
}

const meanings: Readonly<Record<Reported['status'], string>> = {
  revoked: 'revoked',
  already_ended: 'was over already',
  unknown: 'unknown to this server',
  malformed: 'not whole',
  not_secret: 'public key; only a member may revoke it',
};

export function reportedLine({ masked, status, id }: Reported): string {
  return `${masked}  ${meanings[status]}${id === undefined ? '' : `  ${id}`}`;
}
