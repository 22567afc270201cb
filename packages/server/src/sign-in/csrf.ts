import { AppError } from '../errors.js';

interface CsrfSource {
  method: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Another site's form cannot add it, and its script needs a preflight that this server does not answer. */
export const csrfHeader = 'x-pipecat-csrf';

/**
 * Throws 403 for a write that might come from another site's page. Writes need the custom header, and an origin that is ours:
 * where the browser sends none, its own word that the request is same-origin. Reads pass.
 */
export function checkCsrf(request: CsrfSource, publicUrl: string): void {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return;
  const { origin } = request.headers;
  const ours = origin === undefined ? request.headers['sec-fetch-site'] === 'same-origin' : origin === publicUrl;
  if (ours && request.headers[csrfHeader] === '1') return;
  throw new AppError(
    403,
    '403',
    `This request does not come from the dashboard's own page, so it was refused. Open the dashboard at ${publicUrl}`,
  );
}
