import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { uploadLimitBytes } from '@pipecat-cloud/contract/builds';
import { organizationNamePattern } from '@pipecat-cloud/contract/names';
import { parseSender, parseSmtpUrl, type Sender } from '../mail/smtp-settings.js';
import { type DailyConfig, readDailyConfig } from './daily-config.js';
import { type Environment, type VariableName, variables } from './env.js';
import { type IceConfig, readIceConfig } from './ice-config.js';
import { type LogConfig, readLogConfig } from './log-config.js';
import { readS3Config, type S3Config } from './s3-config.js';
import { readSignInConfig, type SignInConfig } from './sign-in-config.js';

export interface Config {
  port: number;
  host: string;
  dataDirectory: string;
  database: { dialect: 'sqlite'; file: string } | { dialect: 'postgres'; url: string };
  /** No trailing slash. */
  publicUrl: string;
  /** Files of certificate and key, where this process serves https itself. */
  tls?: { certFile: string; keyFile: string };
  /** Addresses and networks whose forwarding headers are believed. */
  trustedProxies: readonly string[];
  region: { code: string; name: string };
  /** Price of a minute of a session. */
  sessionMinuteCents: number;
  logLevel: string;
  /** Who has started this control plane and the worker beside it; undefined where nobody has. */
  supervisor: string | undefined;
  bootstrap: { email?: string; organization?: string; tokenFile: string };
  workerEnrolmentFile: string;
  /** 0 for ever. */
  auditDays: number;
  /** How long usage by day is kept; 0 for ever. */
  usageDays: number;
  /** How long a session is kept after its end; 0 for ever. */
  sessionDays: number;
  /** `unusedUploadBytes`: of each organization's uploads that no build was made of; undefined for no limit. */
  builds: { timeoutSeconds: number; retentionDays: number; unusedUploadBytes: number | undefined };
  /** Where mails go: a URL, which may hold a password, or the file that holds one. Absent: no mail server. */
  mail?: { url: string; from: Sender } | { urlFile: string; from: Sender };
  /** Webhooks may be posted to this machine and to private networks. */
  privateWebhooks: boolean;
  signIn: SignInConfig;
  /** Where uploads go; absent: into the data folder. */
  s3?: S3Config;
  ice: IceConfig;
  daily: DailyConfig;
  logs: LogConfig;
}

/** Every problem at once, a line each, so that nobody mends them one start at a time. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** Reads the environment; the only function that does. Throws `ConfigError`. Never creates or opens anything. */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const read = (name: VariableName) => environment[name]?.trim() || variables[name].default;
  const check = (name: VariableName, fine: boolean, wanted: string) => {
    if (!fine) problems.push(`${name}: ${wanted}, not '${shown(name, read(name))}'`);
  };

  const port = Number(read('PORT'));
  check('PORT', Number.isInteger(port) && port >= 0 && port <= 65_535, 'a port from 0 to 65535');
  const databaseUrl = read('PIPECAT_CLOUD_DATABASE_URL');
  check(
    'PIPECAT_CLOUD_DATABASE_URL',
    !databaseUrl || /^postgres(ql)?:\/\//.test(databaseUrl),
    'postgres://user@host/database or nothing',
  );
  const [certFile, keyFile] = [read('PIPECAT_CLOUD_TLS_CERT'), read('PIPECAT_CLOUD_TLS_KEY')];
  check('PIPECAT_CLOUD_TLS_CERT', Boolean(certFile) || !keyFile, 'a file, since PIPECAT_CLOUD_TLS_KEY is set');
  check('PIPECAT_CLOUD_TLS_KEY', Boolean(keyFile) || !certFile, 'a file, since PIPECAT_CLOUD_TLS_CERT is set');
  const trustedProxies = read('PIPECAT_CLOUD_TRUSTED_PROXIES')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  check(
    'PIPECAT_CLOUD_TRUSTED_PROXIES',
    trustedProxies.every(isNetwork),
    'addresses or networks such as 10.0.0.0/8, separated by commas',
  );
  const scheme = certFile ? 'https' : 'http';
  const publicUrl = (read('PIPECAT_CLOUD_PUBLIC_URL') || `${scheme}://localhost:${port}`).replace(/\/+$/, '');
  check(
    'PIPECAT_CLOUD_PUBLIC_URL',
    !read('PIPECAT_CLOUD_PUBLIC_URL') || isOrigin(publicUrl),
    'http(s)://host[:port] without a path',
  );
  const region = read('PIPECAT_CLOUD_REGION');
  check('PIPECAT_CLOUD_REGION', /^[a-z0-9][a-z0-9-]{0,62}$/.test(region), 'lower-case letters, digits and dashes');
  const sessionMinuteCents = Number(read('PIPECAT_CLOUD_SESSION_MINUTE_CENTS'));
  check(
    'PIPECAT_CLOUD_SESSION_MINUTE_CENTS',
    /^\d+(\.\d{1,6})?$/.test(read('PIPECAT_CLOUD_SESSION_MINUTE_CENTS')) && sessionMinuteCents <= 100_000,
    'cents from 0 to 100000, with at most six decimals',
  );
  const logLevel = read('PIPECAT_CLOUD_LOG_LEVEL');
  check('PIPECAT_CLOUD_LOG_LEVEL', ['debug', 'info', 'warn', 'error'].includes(logLevel), 'debug, info, warn or error');
  const email = read('PIPECAT_CLOUD_BOOTSTRAP_EMAIL');
  check('PIPECAT_CLOUD_BOOTSTRAP_EMAIL', !email || /^[^\s@]+@[^\s@]+$/.test(email), 'an e-mail address');
  const organization = read('PIPECAT_CLOUD_BOOTSTRAP_ORG');
  check(
    'PIPECAT_CLOUD_BOOTSTRAP_ORG',
    !organization || (organization.length <= 63 && new RegExp(organizationNamePattern).test(organization)),
    'lower-case letters, digits and dashes, at most 63',
  );
  const daysOrForEver = (name: VariableName) => {
    const days = Number(read(name));
    const possible = Number.isInteger(days) && days >= 0 && days <= 36_500;
    check(name, possible, 'a number of days from 0 (for ever) to 36500');
    return days;
  };
  const auditDays = daysOrForEver('PIPECAT_CLOUD_AUDIT_DAYS');
  const usageDays = daysOrForEver('PIPECAT_CLOUD_USAGE_DAYS');
  const sessionDays = daysOrForEver('PIPECAT_CLOUD_SESSION_DAYS');
  const days = Number(read('PIPECAT_CLOUD_BUILD_RETENTION_DAYS'));
  check('PIPECAT_CLOUD_BUILD_RETENTION_DAYS', Number.isInteger(days) && days >= 1 && days <= 36_500, '1 to 36500 days');
  const timeoutSeconds = Number(read('PIPECAT_CLOUD_BUILD_TIMEOUT_SECONDS'));
  check(
    'PIPECAT_CLOUD_BUILD_TIMEOUT_SECONDS',
    Number.isInteger(timeoutSeconds) && timeoutSeconds >= 1 && timeoutSeconds <= 86_400,
    '1 to 86400 seconds',
  );
  const uploadMebibytes = Number(read('PIPECAT_CLOUD_UPLOADS_MAX_MB'));
  const oneUpload = uploadLimitBytes / 1024 / 1024;
  check(
    'PIPECAT_CLOUD_UPLOADS_MAX_MB',
    /^\d{1,9}$/.test(read('PIPECAT_CLOUD_UPLOADS_MAX_MB')) &&
      (uploadMebibytes === 0 || uploadMebibytes >= oneUpload) &&
      uploadMebibytes <= 104_857_600,
    `MiB from ${oneUpload}, what a single upload may take, or 0 for no limit`,
  );
  const privateWebhooks = read('PIPECAT_CLOUD_PRIVATE_WEBHOOKS');
  check('PIPECAT_CLOUD_PRIVATE_WEBHOOKS', ['on', 'off'].includes(privateWebhooks), 'on or off');
  const mail = readMail(read, problems);
  const signIn = readSignInConfig(read, check);
  const s3 = readS3Config(read, check);
  const ice = readIceConfig(read, check);
  const daily = readDailyConfig(read, check);
  const logs = readLogConfig(read, check, s3 !== undefined);
  if (problems.length > 0) throw new ConfigError(problems);

  const dataDirectory = resolve(read('PIPECAT_CLOUD_DATA_DIR'));
  const inData = (name: VariableName, file: string) => resolve(read(name) || `${dataDirectory}/${file}`);
  return {
    port,
    host: read('PIPECAT_CLOUD_HOST'),
    dataDirectory,
    database: databaseUrl
      ? { dialect: 'postgres', url: databaseUrl }
      : { dialect: 'sqlite', file: `${dataDirectory}/pipecat-cloud.db` },
    publicUrl,
    ...(certFile ? { tls: { certFile: resolve(certFile), keyFile: resolve(keyFile) } } : {}),
    trustedProxies,
    region: { code: region, name: read('PIPECAT_CLOUD_REGION_NAME') },
    sessionMinuteCents,
    logLevel,
    supervisor: read('PIPECAT_CLOUD_SUPERVISOR') || undefined,
    bootstrap: {
      ...(email ? { email } : {}),
      ...(organization ? { organization } : {}),
      tokenFile: inData('PIPECAT_CLOUD_BOOTSTRAP_TOKEN_FILE', 'bootstrap-token'),
    },
    workerEnrolmentFile: inData('PIPECAT_CLOUD_WORKER_ENROLMENT_FILE', 'worker-enrolment'),
    auditDays,
    usageDays,
    sessionDays,
    builds: {
      retentionDays: days,
      timeoutSeconds,
      unusedUploadBytes: uploadMebibytes === 0 ? undefined : uploadMebibytes * 1024 * 1024,
    },
    ...(mail ? { mail } : {}),
    privateWebhooks: privateWebhooks === 'on',
    signIn,
    ...(s3 ? { s3 } : {}),
    ice,
    daily,
    logs,
  };
}

/** What is wrong with the URL is said without it: it holds a password. */
function readMail(read: (name: VariableName) => string, problems: string[]): Config['mail'] {
  const [url, urlFile] = [read('PIPECAT_CLOUD_SMTP_URL'), read('PIPECAT_CLOUD_SMTP_URL_FILE')];
  if (!url && !urlFile) return undefined;
  if (url && urlFile) problems.push('PIPECAT_CLOUD_SMTP_URL: set this or PIPECAT_CLOUD_SMTP_URL_FILE, not both');
  const wrong = url ? parseSmtpUrl(url) : undefined;
  if (typeof wrong === 'string') problems.push(`PIPECAT_CLOUD_SMTP_URL: ${wrong}`);
  const from = parseSender(read('PIPECAT_CLOUD_MAIL_FROM'));
  if (!from) {
    problems.push('PIPECAT_CLOUD_MAIL_FROM: with a mail server, an address or Name <address> that mails come from');
    return undefined;
  }
  return url ? { url, from } : { urlFile: resolve(urlFile), from };
}

/** An address may carry a password. */
function shown(name: VariableName, value: string): string {
  if (/SECRET|TURN_PASSWORD|API_KEY/.test(name)) return '…';
  return value.replace(/\/\/[^@/]*@/, '//…@');
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function isOrigin(text: string): boolean {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.origin === text;
  } catch {
    return false;
  }
}
