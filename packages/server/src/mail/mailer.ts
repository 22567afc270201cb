import { readFile } from 'node:fs/promises';
import { type Config, ConfigError } from '../config/config.js';
import type { SendMail } from '../notifications/notify.js';
import { isMailAddress, parseSmtpUrl, type Sender, type SmtpServer } from './smtp-settings.js';

export interface MailServer {
  server: SmtpServer;
  from: Sender;
}

/** The mail server of the settings; undefined where there is none. Throws `ConfigError` for a file that can't be used. */
export async function openMailServer(mail: Config['mail']): Promise<MailServer | undefined> {
  if (!mail) return undefined;
  const url = 'url' in mail ? mail.url : await readUrlFile(mail.urlFile);
  const server = parseSmtpUrl(url);
  if (typeof server === 'string') throw new ConfigError([`The mail server's URL: ${server}`]);
  return { server, from: mail.from };
}

/**
 * Sends by SMTP, one connection per mail. TLS is required unless the server is on this machine; its certificate must be good. Throws
 * an error of a few words without addresses, texts or the password.
 */
export function createMailer({ server, from }: MailServer): SendMail {
  return async ({ to, subject, text, id }) => {
    if (!isMailAddress(to)) throw new Error('not an address that mail can be sent to');
    if (/[\r\n]/.test(subject)) throw new Error('the subject has more than one line');
    // Most processes never send a mail.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      host: server.host,
      port: server.port,
      secure: server.tls,
      requireTLS: !server.tls && !server.loopback,
      ignoreTLS: !server.tls && server.loopback,
      ...(server.user && server.password ? { auth: { user: server.user, pass: server.password } } : {}),
      tls: { minVersion: 'TLSv1.2' },
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 20_000,
      dnsTimeout: 10_000,
      // Texts are ours; nothing in them shall name a file or an address to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      await transport.sendMail({
        from: { name: from.name, address: from.address },
        // As an object: a comma in it can't make it two.
        to: { name: '', address: to },
        subject,
        text,
        ...(id ? { messageId: `<${id}@${from.address.split('@')[1]}>` } : {}),
        // No answering machine replies to it (RFC 3834).
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      throw new Error(reasonOf(error));
    } finally {
      transport.close();
    }
  };
}

/** A server's own words may repeat addresses and texts: of those the codes have to do. What our side says of a connection is kept. */
function reasonOf(error: unknown): string {
  const { code = 'unknown', responseCode, message = '' } = error as Error & { code?: string; responseCode?: number };
  const detail = responseCode === undefined ? `: ${message.slice(0, 120)}` : ` ${responseCode}`;
  return `the mail server did not take it (${code}${detail})`;
}

async function readUrlFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`PIPECAT_CLOUD_SMTP_URL_FILE: ${file} cannot be read (${code})`]);
  }
}
