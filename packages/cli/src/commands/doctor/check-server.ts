import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';
import type { CommandContext } from '../../lib/context.js';
import { exitCodes } from '../../lib/errors.js';
import { duration } from '../../lib/format.js';
import { httpFetch } from '../../lib/http-fetch.js';
import { userAgent } from '../../lib/version.js';
import { type Check, failure, passed, warned } from '../auth/check-result.js';

const timeoutMs = 10_000;
/** Answers carry whole seconds, and the way takes some. */
const unremarkableSeconds = 30;
const tooMuchSeconds = 300;

/** Does the API answer, and what time does it think it is? The first is the one that decides about the rest. */
export async function checkServer(context: CommandContext): Promise<Check[]> {
  const { apiHost } = await context.settings();
  const signal = AbortSignal.timeout(timeoutMs);
  const started = Date.now();
  try {
    const headers = { accept: 'application/json', 'user-agent': userAgent };
    const response = await httpFetch(new URL(`${apiHost.value}/readyz`), { headers, signal, redirect: 'error' });
    const body = await response.text();
    const ended = Date.now();
    return [health(context, response, body, ended - started), ...clock(response.headers.get('date'), started, ended)];
  } catch (cause) {
    return [failure(context, 'server', new NetworkError(apiHost.value, signal.aborted, cause))];
  }
}

function health(context: CommandContext, response: Response, body: string, ms: number): Check {
  const host = context.known().settings?.apiHost.value ?? '';
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  if (response.status === 503) {
    return {
      ...{ name: 'server', ok: false, exit: exitCodes.unavailable },
      text: `${host} answers, but its database does not`,
      hint: 'Whoever runs it finds the reason in its log.',
    };
  }
  if (isJson) return passed('server', `${host} answers (${ms} ms)`);
  const error = `${host} answered ${response.status} with something other than the API: ${body.slice(0, 40).replace(/\s+/g, ' ')}`;
  return failure(context, 'server', new ApiError(response.status, { error, code: String(response.status) }, false));
}

function clock(date: string | null, started: number, ended: number): Check[] {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return [];
  // The header is cut to the second: half of one is what it lost on average.
  const skew = Math.round(((started + ended) / 2 - server - 500) / 1000);
  const off = Math.abs(skew);
  if (off <= unremarkableSeconds) return [passed('clock', 'the clocks here and there agree')];
  const text = `the clock here is ${duration(off)} ${skew > 0 ? 'ahead of' : 'behind'} that of the server`;
  const hint = 'Set it by the network (timedatectl set-ntp true, or the settings of the system), here or there.';
  if (off <= tooMuchSeconds) return [warned('clock', text, hint)];
  return [{ name: 'clock', ok: false, exit: exitCodes.failed, reason: 'clock_skew', text, hint }];
}
