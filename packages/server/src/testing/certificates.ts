import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why no certificate can be made here; undefined where one can. */
export const noCertificates = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'openssl')))
  ? undefined
  : 'openssl is not on the path';

/** An authority of one's own, and certificates for localhost that it signs. */
export async function createAuthority(folder: string) {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...['req', '-x509', ...newKey, '-days', '30', '-subj', '/CN=Test authority'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
  );
  return {
    caFile: at('ca.pem'),
    ca: await readFile(at('ca.pem')),
    /** Writes certificate and key into these files. */
    async sign(certFile: string, keyFile: string): Promise<void> {
      await openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', keyFile, '-out', at('request.pem'));
      await writeFile(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
      await openssl(
        ...['x509', '-req', '-in', at('request.pem'), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
        ...['-CAcreateserial', '-days', '30', '-extfile', at('names'), '-out', certFile],
      );
    },
  };
}
