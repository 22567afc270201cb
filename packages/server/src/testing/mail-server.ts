import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  user: string | undefined;
  /** Names in lower case. */
  headers: Record<string, string>;
  raw: string;
}
interface Options {
  user: string;
  password: string;
  /** Any free one where absent. */
  port?: number;
  /** `atOnce`: from the first byte; otherwise offered by STARTTLS. Absent: no TLS at all. */
  tls?: { key: string; cert: string; atOnce: boolean };
}

/** A real SMTP server on 127.0.0.1 that keeps what it gets. It takes logins also without TLS, as a careless one does. */
export async function startMailServer({ user, password, port: wanted = 0, tls }: Options) {
  const received: ReceivedMail[] = [];
  const logins: string[] = [];
  const server = new SMTPServer({
    logger: false,
    secure: tls?.atOnce ?? false,
    ...(tls ? { key: tls.key, cert: tls.cert } : {}),
    disabledCommands: tls && !tls.atOnce ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth(auth, _session, done) {
      logins.push(auth.username ?? '');
      const fine = auth.username === user && auth.password === password;
      done(fine ? null : new Error('Invalid username or password'), fine ? { user } : undefined);
    },
    onData(stream, session, done) {
      let raw = '';
      stream.setEncoding('utf8');
      stream.on('data', (part) => {
        raw += part;
      });
      stream.on('end', () => {
        received.push({
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          to: session.envelope.rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : undefined,
          headers: headersOf(raw),
          raw,
        });
        done();
      });
    },
  });
  // Handshakes that the client breaks off.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    received,
    logins,
    url: (login: string, scheme: 'smtp' | 'smtps' = 'smtp') => `${scheme}://${login}@127.0.0.1:${port}`,
    close: () => (closed ??= new Promise<void>((resolve) => server.close(() => resolve()))),
  };
}
export type MailWorld = Awaited<ReturnType<typeof startMailServer>>;

function headersOf(raw: string): Record<string, string> {
  const [head = ''] = raw.split(/\r\n\r\n/);
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
}
