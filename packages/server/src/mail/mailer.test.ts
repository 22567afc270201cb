import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config.js';
import { type MailWorld, startMailServer } from '../testing/mail-server.js';
import { createMailer, openMailServer } from './mailer.js';
import { isMailAddress, parseSender, parseSmtpUrl, type SmtpServer } from './smtp-settings.js';

const from = { name: 'Pipecat Cloud', address: 'cloud@example.com' };
const server = (url: string) => parseSmtpUrl(url) as SmtpServer;

describe('sending', () => {
  let mail: MailWorld;
  beforeEach(async () => {
    mail = await startMailServer({ user: 'us:er', password: 'p@ss word' });
  });
  afterEach(() => mail.close());
  const send = () => createMailer({ server: server(mail.url('us%3Aer:p%40ss%20word')), from });

  test('a mail arrives with its sender, one recipient, subject, text and id', async () => {
    await send()({ to: 'ann@acme.example', subject: 'Grüße', text: 'Zeile ä\nZeile 2', id: 'd1' });
    const [received] = mail.received;
    expect(received).toMatchObject({ from: 'cloud@example.com', to: ['ann@acme.example'], user: 'us:er' });
    expect(received?.headers).toMatchObject({
      from: 'Pipecat Cloud <cloud@example.com>',
      to: 'ann@acme.example',
      subject: '=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
      'message-id': '<d1@example.com>',
      'auto-submitted': 'auto-generated',
    });
    expect(received?.raw).toContain('Zeile =C3=A4');
  });

  test.each(['Hello\r\nBcc: eve@evil.example', 'Hello\nBcc: eve@evil.example', 'Hello\rBcc: eve@evil.example'])(
    'a subject of two lines is refused: %j',
    async (subject) => {
      await expect(send()({ to: 'ann@acme.example', subject, text: '' })).rejects.toThrow('more than one line');
      expect(mail.received).toEqual([]);
    },
  );

  test.each([
    'ann@acme.example, eve@evil.example',
    'ann@acme.example\r\nBcc: eve@evil.example',
    'Ann <ann@acme.example>',
    '"a,eve@evil.example"@acme.example',
    'team: a@b.example;',
    'ann',
    '',
  ])('%j is not one recipient', async (to) => {
    await expect(send()({ to, subject: 'Hello', text: '' })).rejects.toThrow('not an address');
    expect(mail.received).toEqual([]);
  });

  test('lines of the text end no message and begin no header', async () => {
    await send()({
      to: 'ann@acme.example',
      subject: 'Hello',
      text: 'a\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nBcc: x@y',
    });
    expect(mail.received).toHaveLength(1);
    expect(mail.received[0]?.raw).toContain('MAIL FROM:<eve@evil.example>');
    expect(mail.received[0]?.headers.bcc).toBeUndefined();
  });

  test('what fails says neither password nor address nor text', async () => {
    const wrong = createMailer({ server: server(mail.url('us%3Aer:wrong-password')), from });
    const error = await wrong({ to: 'ann@acme.example', subject: 'Secret subject', text: 'Secret' }).catch((e) => e);
    expect(error.message).toBe('the mail server did not take it (EAUTH 535)');
    expect(error.cause).toBeUndefined();
    await mail.close();
    // Usually refused; reset where another process was given the freed port meanwhile. Only the sentence is ours.
    const unanswered = await send()({ to: 'ann@acme.example', subject: 'x', text: 'x' }).catch((e) => e);
    expect(unanswered.message).toMatch(/^the mail server did not take it \(E[A-Z]+(: \w+ ECONN\w+.*)?\)$/);
    expect(unanswered.message).not.toContain('password');
    mail = await startMailServer({ user: 'a', password: 'b' });
  });
});

describe('TLS', () => {
  let folder: string;
  let mail: MailWorld;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-mail-'));
    const names = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-subj', '/CN=mail.example'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names], {
      stdio: 'ignore',
    });
  });
  afterEach(async () => {
    await mail.close();
    await rm(folder, { recursive: true });
  });
  const certificate = async () => ({
    key: await readFile(join(folder, 'key.pem'), 'utf8'),
    cert: await readFile(join(folder, 'cert.pem'), 'utf8'),
  });
  /** As if it were on another machine. */
  const remote = (url: string) => createMailer({ server: { ...server(url), loopback: false }, from });
  const hello = { to: 'ann@acme.example', subject: 'Hello', text: 'x' };

  test('a server elsewhere that offers no TLS gets neither the password nor the mail', async () => {
    mail = await startMailServer({ user: 'u', password: 'p' });
    await expect(remote(mail.url('u:p'))(hello)).rejects.toThrow('ETLS');
    expect(mail.received).toEqual([]);
    expect(mail.logins).toEqual([]);
  });

  test.each(['smtp', 'smtps'] as const)('over %s a certificate that nobody vouches for is refused', async (scheme) => {
    mail = await startMailServer({
      user: 'u',
      password: 'p',
      tls: { ...(await certificate()), atOnce: scheme === 'smtps' },
    });
    await expect(remote(mail.url('u:p', scheme))(hello)).rejects.toThrow('the mail server did not take it');
    expect(mail.received).toEqual([]);
    expect(mail.logins).toEqual([]);
  });

  test('a server on this machine is spoken to without it', async () => {
    mail = await startMailServer({ user: 'u', password: 'p', tls: { ...(await certificate()), atOnce: false } });
    await createMailer({ server: server(mail.url('u:p')), from })(hello);
    expect(mail.received).toHaveLength(1);
  });
});

describe('settings', () => {
  test('URLs', () => {
    expect(parseSmtpUrl('smtp://mail.example.com')).toEqual({
      ...{ host: 'mail.example.com', port: 587, tls: false, loopback: false, user: undefined, password: undefined },
    });
    expect(parseSmtpUrl('smtps://u:p%25@[2606:4700::1]')).toMatchObject({
      host: '2606:4700::1',
      port: 465,
      tls: true,
      password: 'p%',
    });
    for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '[::1]'])
      expect(parseSmtpUrl(`smtp://${host}:25`)).toMatchObject({ port: 25, loopback: true });
    for (const host of ['10.0.0.1', '[fd00::1]', 'localhost.example.com', '127.0.0.1.example.com'])
      expect(parseSmtpUrl(`smtp://${host}:25`)).toMatchObject({ loopback: false });
  });

  test.each([
    'http://x',
    'mail.example.com',
    '',
    'smtp://hunter2@x',
    'smtp://:hunter2@x',
    'smtp://u:hunter2@x/path',
    'smtp://u:%hunter2@x',
    'smtp://u:hunter2@x?tls=no',
  ])('%j is refused, and not repeated', (url) => {
    const wrong = parseSmtpUrl(url);
    expect(wrong).toEqual(expect.any(String));
    expect(wrong).not.toContain('hunter2');
  });

  test('senders', () => {
    expect(parseSender('cloud@example.com')).toEqual({ name: '', address: 'cloud@example.com' });
    expect(parseSender('Pipecat Cloud <cloud@example.com>')).toEqual(from);
    for (const wrong of ['', 'cloud', 'a@b, c@d', 'X\r\nBcc: a@b <c@d>', '<a@b> c'])
      expect(parseSender(wrong)).toBeUndefined();
    expect(isMailAddress(`${'a'.repeat(250)}@b.example`)).toBe(false);
  });

  test('the URL from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-mail-'));
    const urlFile = join(folder, 'url');
    await writeFile(urlFile, 'smtps://u:p@mail.example.com\n');
    expect(await openMailServer({ urlFile, from })).toMatchObject({
      server: { host: 'mail.example.com', password: 'p' },
    });
    await writeFile(urlFile, 'hunter2');
    await expect(openMailServer({ urlFile, from })).rejects.toThrow(ConfigError);
    await expect(openMailServer({ urlFile, from })).rejects.not.toThrow('hunter2');
    await expect(openMailServer({ urlFile: join(folder, 'none'), from })).rejects.toThrow('ENOENT');
    expect(await openMailServer(undefined)).toBeUndefined();
    await rm(folder, { recursive: true });
  });
});
