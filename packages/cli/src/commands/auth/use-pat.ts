import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { kindOf, maskToken } from '@pipecat-cloud/contract/token-format';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes, readError, usageError } from '../../lib/errors.js';
import { shorten } from '../../lib/settings.js';
import { readStdin } from '../../lib/stdin.js';
import { isOpenToOthers, storeCredentials } from '../../lib/store-credentials.js';

export interface UsePatOptions {
  stdin?: boolean;
  tokenFile?: string;
}

/** `auth use-pat`: stores a token once the server has accepted it (contract §3.7). */
export async function usePat(context: CommandContext, argument: string | undefined, options: UsePatOptions) {
  const token = checkShape(await obtain(context, argument, options));
  const settings = await context.settings();
  const host = settings.apiHost.value;
  if (isOpenToOthers(host)) {
    context.warn(`${host} is not encrypted: anyone on the way can read the token. Prefer https.`);
  }

  const api = await context.apiWith(token);
  const { organizations } = await api.listOrganizations();
  const credentials = { token, refresh_token: '', token_expires_at: 0 };
  const organization = await storeCredentials(context, credentials, organizations);

  if (context.io.env.PIPECAT_TOKEN !== undefined) {
    context.warn('PIPECAT_TOKEN is set and goes before the stored token; unset it to use what was stored.');
  }
  const data = { token: maskToken(token), organization, apiHost: host, configFile: settings.file.path };
  context.result(data, () => {
    const { green } = context.colours;
    return `${green('Signed in')} to ${host}, organization ${organization}. Token ${maskToken(token)} stored in ${shorten(settings.file.path)}`;
  });
}

async function obtain(context: CommandContext, argument: string | undefined, options: UsePatOptions): Promise<string> {
  const given = [argument !== undefined, options.stdin, options.tokenFile !== undefined].filter(Boolean).length;
  if (given > 1) throw usageError('Give the token once: as --stdin, as --token-file, or at the prompt.');
  if (options.stdin) return readStdin(context.io, 'The token');
  if (options.tokenFile !== undefined) {
    const path = resolve(context.io.cwd, options.tokenFile);
    return readFile(path, 'utf8').catch((error: unknown) => {
      throw readError(`The token file ${path}`, error);
    });
  }
  if (argument !== undefined) {
    context.warn(
      'A token on the command line is visible in process lists and stays in the shell history. Use --stdin or the prompt.',
    );
    return argument;
  }
  return context.hidden(
    'Personal access token',
    'No token given: pass it with --stdin or --token-file, or set PIPECAT_TOKEN.',
  );
}

/** Prefix and characters only: the rest is the server's to judge. */
function checkShape(text: string): string {
  const token = text.trim();
  if (token === '') throw usageError('The token is empty.');
  if (/^pcc_pat_[A-Za-z0-9_.-]{1,247}$/.test(token)) return token;
  const kind = kindOf(token);
  const what =
    kind === 'private' || kind === 'public'
      ? `That is a ${kind} API key; the command line takes a personal access token, which begins with pcc_pat_.`
      : token.startsWith('pcc_pat_')
        ? 'That token contains characters that no token has, or is too long.'
        : 'That is no personal access token: it should begin with pcc_pat_.';
  throw new CliError(what, {
    exit: exitCodes.credentialRejected,
    code: '401',
    reason: kind === 'private' || kind === 'public' ? 'wrong_credential_kind' : 'malformed_token',
    hint: 'Create one in the dashboard, and copy the whole of it.',
  });
}
