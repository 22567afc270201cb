import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { ConfigError } from '../config/config.js';
import { createPeriodic } from '../periodic.js';

export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}
export interface Certificate {
  cert: Buffer;
  key: Buffer;
}

/** Throws `ConfigError` for files that can't be read or don't belong together; it never quotes them. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const read = (file: string, variable: string) =>
    readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError([`${variable}: ${file} can't be read (${error.code})`]);
    });
  const cert = await read(certFile, 'PIPECAT_CLOUD_TLS_CERT');
  const key = await read(keyFile, 'PIPECAT_CLOUD_TLS_KEY');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { code = 'no PEM' } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      `PIPECAT_CLOUD_TLS_CERT and PIPECAT_CLOUD_TLS_KEY are no certificate and its key (${code})`,
    ]);
  }
  return { cert, key };
}

interface WatchOptions {
  files: CertificateFiles;
  server: Server;
  log: Logger;
  intervalMs?: number;
}

/**
 * Takes a renewed certificate without a restart: when told to, and when the files are found changed. Connections that are open keep
 * theirs. Files that can't be used are logged and the certificate of before is served on.
 */
export function watchCertificate({ files, server, log, intervalMs = 30_000 }: WatchOptions) {
  let served: Certificate | undefined;
  let complaint = '';

  async function reload(): Promise<void> {
    try {
      const found = await readCertificate(files);
      complaint = '';
      if (served?.cert.equals(found.cert) && served.key.equals(found.key)) return;
      server.setSecureContext({ ...found, minVersion: 'TLSv1.2' });
      if (served) log.info({ certFile: files.certFile }, 'a new certificate is served');
      served = found;
    } catch (err) {
      // Between the writing of one file and of the other they don't fit; only what stays wrong is repeated when it changes.
      const { message } = err as Error;
      if (message !== complaint) log.warn({ err }, 'the certificate was not replaced');
      complaint = message;
    }
  }
  const periodic = createPeriodic({
    run: reload,
    intervalMs,
    onError: (err) => log.error({ err }, 'the certificate was not replaced'),
  });
  periodic.start();
  return { reload, close: () => periodic.close() };
}
