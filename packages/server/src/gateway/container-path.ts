import { AppError, badRequest } from '../errors.js';

/** Paths by which the platform itself talks to the container: from outside they would hijack it (contract §8.9). */
const reserved = new Set(['bot', 'ws', 'readyz', 'livez', 'whatsapp']);

/**
 * The path behind `/sessions/{id}/` as it stands in the URL, ready to be put behind an instance's address: dot segments resolved,
 * never leaving the instance, the rest as the caller wrote it. Throws for reserved paths and for encodings that two readers could
 * take differently.
 */
export function containerPath(raw: string): string {
  const segments: { raw: string; read: string }[] = [];
  for (const each of raw.split('/')) {
    const read = decoded(each);
    if (read === '' || read === '.') continue;
    if (read === '..') segments.pop();
    else segments.push({ raw: each, read });
  }
  const [first = '', second] = segments.map(({ read }) => read.toLowerCase());
  if (reserved.has(first) || (first === 'pcc' && second === 'capabilities')) {
    const path = segments.map(({ read }) => read).join('/');
    throw new AppError(404, '404', `'/${path}' belongs to the platform and is not reachable from outside`);
  }
  // A slash at the end makes another route in many frameworks.
  const slash = raw.endsWith('/') && segments.length > 0 ? '/' : '';
  return segments.map((segment) => segment.raw).join('/') + slash;
}

function decoded(segment: string): string {
  let read: string;
  try {
    read = decodeURIComponent(segment);
  } catch {
    throw badRequest('The path is not valid percent-encoding');
  }
  // A separator in disguise, also one that a second reader would unwrap.
  if (/[\\/\p{Cc}]/u.test(read) || /%(2f|5c|2e|00)/i.test(read))
    throw badRequest('The path contains characters that are not allowed');
  return read;
}
