import { type Client, createClient } from '@pipecat-cloud/contract/client';
import { redact } from '@pipecat-cloud/contract/token-format';
import { ciRunAddress } from './ci-run.js';
import { movePath } from './endpoint-paths.js';
import { CliError, exitCodes } from './errors.js';
import { createExpiryWatch, type ExpiryWatch } from './expiry-watch.js';
import { httpFetch } from './http-fetch.js';
import type { Io } from './io.js';
import { needsRefresh } from './oauth/needs-refresh.js';
import type { OutputMode } from './output-mode.js';
import { createProgress, type Progress } from './progress.js';
import { createPrompts, type Prompts } from './prompt.js';
import type { Credential, Known } from './report-error.js';
import { resolveSettings, type Setting, type Settings } from './settings.js';
import { type TableOptions, tabbed, table } from './table.js';
import { type Colours, cleanText, coloursFor } from './text.js';
import { userAgent } from './version.js';

export interface GlobalFlags {
  organization?: string;
}

/** How a table looks. `plain` are the columns for scripts, where they differ from those for eyes. */
export interface Look {
  paint?: TableOptions['paint'];
  plain?: { headings: readonly string[]; rows: readonly (readonly string[])[] };
}

/** What a command works with. It knows neither flags of its own nor streams. */
export interface CommandContext extends Prompts {
  io: Io;
  output: OutputMode;
  /** Short for `output === 'json'`. */
  json: boolean;
  /** Columns of the terminal that data goes to; undefined where nothing may be cut. */
  width: number | undefined;
  /** Colours for stdout. */
  colours: Colours;
  progress: Progress;
  settings(): Promise<Settings>;
  /** Set once settings have been read; for error messages. */
  known(): Known;
  /** A client with the user's token. Without one: exit 4. */
  api(): Promise<Client>;
  /** A client with another credential, or with none; `origin` is for error messages. */
  apiWith(token: string | undefined, origin?: Credential): Promise<Client>;
  /** The organization to work in; asks the server for the first where nothing names one. */
  org(): Promise<string>;
  organization(): Promise<Setting>;
  /** When the token in use ends, as far as answers have told. */
  expiry: ExpiryWatch;
  /** The command's outcome, once: the text, or with `--json` the data. Control characters of others' names don't get through. */
  result(data: unknown, text: () => string): void;
  /** Aligned and fitted for eyes; in plain output a line a row with tabs between whole values. */
  table(headings: readonly string[], rows: readonly (readonly string[])[], look?: Look): string;
  /** The same for what may be empty: then a sentence, or in plain output the headings alone, and the sentence on stderr. */
  list(nothing: string, headings: readonly string[], rows: readonly (readonly string[])[], look?: Look): string;
  /** A remark for the person, on stderr. */
  note(text: string): void;
  warn(text: string): void;
}

export function createContext(io: Io, flags: GlobalFlags, output: OutputMode): CommandContext {
  const json = output === 'json';
  const rich = output === 'rich';
  const colours = coloursFor(rich ? io.stdout : {}, io.env);
  const stderrColours = coloursFor(output === 'plain' && io.stdout.isTTY ? {} : io.stderr, io.env);
  const progress = createProgress(io.stderr, io.env, stderrColours, rich || !io.stdout.isTTY);
  const width = rich && io.stdout.isTTY ? io.stdout.columns : undefined;
  const known: Known = {};
  const expiry = createExpiryWatch(io.env);
  const ciRun = ciRunAddress(io.env);
  let reading: Promise<Settings> | undefined;

  const note = (text: string) => progress.line(redact(cleanText(text)));
  const warn = (text: string) => progress.line(`${stderrColours.yellow('Warning:')} ${redact(cleanText(text))}`);

  function settings(): Promise<Settings> {
    reading ??= resolveSettings(io, flags, warn).then((found) => {
      known.settings = found;
      return found;
    });
    return reading;
  }

  async function apiWith(token: string | undefined, origin?: Credential): Promise<Client> {
    if (origin) known.credential = origin;
    else delete known.credential;
    const { apiHost, endpoints } = await settings();
    const base = new URL(apiHost.value).pathname.replace(/\/$/, '');
    const moved: typeof fetch = async (input, init) => {
      const url = new URL(String(input));
      url.pathname = base + movePath(url.pathname.slice(base.length), endpoints);
      const headers = { ...(init?.headers as Record<string, string>), ...(ciRun ? { 'pipecat-ci-run': ciRun } : {}) };
      const response = await httpFetch(url, { ...init, headers });
      if (token !== undefined) {
        const { headers: said } = response;
        expiry.seen(token, said.get('pipecat-token-expires-at'), said.get('pipecat-token-created-at'));
      }
      return response;
    };
    return createClient({
      host: apiHost.value,
      userAgent,
      fetch: moved,
      ...(token === undefined ? {} : { token }),
    });
  }

  async function api(): Promise<Client> {
    const found = await settings();
    const token = usableToken(found.token);
    // Most tokens are never refreshed; what does it is loaded only for those that are.
    const origin: Credential | undefined = found.token && { kind: 'token', from: found.token.from };
    if (!needsRefresh(found, new Date())) return apiWith(token, origin);
    const { refreshStored } = await import('./oauth/refresh.js');
    return apiWith(await refreshStored({ io, settings: found, api: await apiWith(undefined), warn }), origin);
  }

  async function organization(): Promise<Setting> {
    known.organization ??= (await settings()).organization ?? (await firstOrganization(await api()));
    return known.organization;
  }

  function showTable(headings: readonly string[], rows: readonly (readonly string[])[], look: Look = {}): string {
    if (output === 'plain') return tabbed(look.plain?.headings ?? headings, look.plain?.rows ?? rows);
    return table(headings, rows, { width, head: colours.bold, ...(look.paint ? { paint: look.paint } : {}) });
  }

  return {
    io,
    output,
    json,
    width,
    colours,
    progress,
    ...createPrompts(io, json),
    settings,
    known: () => known,
    api,
    apiWith,
    organization,
    expiry,
    org: async () => (await organization()).value,
    result(data, text) {
      progress.stop();
      io.stdout.write(`${json ? JSON.stringify(data, null, 2) : cleanText(text())}\n`);
    },
    table: showTable,
    list(nothing, headings, rows, look) {
      if (rows.length > 0) return showTable(headings, rows, look);
      if (output !== 'plain') return nothing;
      note(nothing);
      return showTable(headings, rows, look);
    },
    note,
    warn,
  };
}

function usableToken(token: Setting | undefined): string {
  if (!token) {
    throw noCredential(
      'You are not signed in.',
      'Run: pipecat cloud auth login (or auth use-pat); in scripts set PIPECAT_TOKEN.',
    );
  }
  if (token.value === '') {
    throw noCredential(
      'PIPECAT_TOKEN is set but empty; stored credentials are not used in its place.',
      "Put a token into it (in CI: is the job allowed to read that secret?), or unset it to use 'auth use-pat'.",
    );
  }
  if (!/^[\x21-\x7e]+$/.test(token.value)) {
    throw new CliError(`The token from ${token.from} contains spaces or other characters that no token has.`, {
      exit: exitCodes.credentialRejected,
      code: '401',
      reason: 'malformed_token',
      hint: 'Copy it again, without quotes and line breaks.',
    });
  }
  return token.value;
}

function noCredential(message: string, hint: string): CliError {
  return new CliError(message, { exit: exitCodes.noCredential, code: '401', reason: 'no_credential', hint });
}

async function firstOrganization(api: Client): Promise<Setting> {
  const { organizations } = await api.listOrganizations();
  const first = organizations[0];
  if (!first) {
    throw new CliError('This token reaches no organization.', {
      exit: exitCodes.forbidden,
      code: 'NO_ORGANIZATION',
      hint: 'Ask an owner or admin of the organization to add you, or use another token.',
    });
  }
  return { value: first.name, source: 'server', from: 'first of the organizations that the token reaches' };
}
