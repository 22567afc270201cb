import { AppError, badRequest } from '../errors.js';

/** Paths by which the platform itself talks to the container: from outside they would hijack it (contract §8.9). */
const reserved = new Set(['bot', 'ws', 'readyz', 'livez', 'whatsapp']);

/**
 * The path behind `/sessions/{id}/`, ready to be put behind an instance's address: dot segments resolved, encoded again, never
 * leaving the instance. Throws for reserved paths and for encodings that two readers could take differently.
 */
export function containerPath(rest: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(rest);
  } catch {
    throw badRequest('The path is not valid percent-encoding');
  }
  if (/[\\\0]/.test(decoded) || /%2f|%5c/i.test(decoded))
    throw badRequest('The path contains characters that are not allowed');
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  const [first = '', second] = segments;
  if (
    reserved.has(first.toLowerCase()) ||
    (first.toLowerCase() === 'pcc' && second?.toLowerCase() === 'capabilities')
  ) {
    throw new AppError(
      404,
      '404',
      `'/${segments.join('/')}' belongs to the platform and is not reachable from outside`,
    );
  }
  return segments.map(encodeURIComponent).join('/');
}
