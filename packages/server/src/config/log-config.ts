import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { VariableName } from './env.js';

export interface LogConfig {
  /** 0 for ever, and for no limit. */
  days: number;
  agentMegabytes: number;
  totalMegabytes: number;
  exports: {
    loki?: { url: string; tenant: string | undefined; authorization: Secret };
    otlp?: { url: string; authorization: Secret };
    /** Below which prefix of the bucket. */
    s3?: { prefix: string };
  };
}
/** A function, so that the value is not logged with the configuration, and may change. */
export type Secret = () => Promise<string | undefined>;

type Read = (name: VariableName) => string;
type Check = (name: VariableName, fine: boolean, wanted: string) => void;

/** How long logs of agents are kept, and where else they go. `check` collects what is wrong. */
export function readLogConfig(read: Read, check: Check, hasBucket: boolean): LogConfig {
  const whole = (name: VariableName, most: number, wanted: string): number => {
    check(name, /^\d{1,9}$/.test(read(name)) && Number(read(name)) <= most, wanted);
    return Number(read(name));
  };
  const address = (name: VariableName): string => {
    const text = read(name).replace(/\/+$/, '');
    check(name, text === '' || isAddress(text), 'http(s)://host[:port][/path] without a password');
    return text;
  };
  const secret = (name: VariableName): Secret => {
    const file = read(name) && resolve(read(name));
    return async () => (file ? (await readFile(file, 'utf8')).trim() : undefined);
  };
  const loki = address('PIPECAT_CLOUD_LOG_EXPORT_LOKI_URL');
  const otlp = address('PIPECAT_CLOUD_LOG_EXPORT_OTLP_URL');
  const prefix = read('PIPECAT_CLOUD_LOG_EXPORT_S3_PREFIX').replace(/^\/+|\/+$/g, '');
  check('PIPECAT_CLOUD_LOG_EXPORT_S3_PREFIX', /^[\w.!*'()/-]{0,200}$/.test(prefix), 'letters, digits, / - _ and .');
  check(
    'PIPECAT_CLOUD_LOG_EXPORT_S3_PREFIX',
    prefix === '' || hasBucket,
    'nothing as long as PIPECAT_CLOUD_S3_BUCKET is not set',
  );
  return {
    days: whole('PIPECAT_CLOUD_LOG_DAYS', 36_500, 'a number of days from 0 (for ever) to 36500'),
    agentMegabytes: whole('PIPECAT_CLOUD_LOG_AGENT_MAX_MB', 104_857_600, 'MiB, 0 for no limit'),
    totalMegabytes: whole('PIPECAT_CLOUD_LOG_MAX_MB', 104_857_600, 'MiB, 0 for no limit'),
    exports: {
      ...(loki
        ? {
            loki: {
              url: loki,
              tenant: read('PIPECAT_CLOUD_LOG_EXPORT_LOKI_TENANT') || undefined,
              authorization: secret('PIPECAT_CLOUD_LOG_EXPORT_LOKI_AUTHORIZATION_FILE'),
            },
          }
        : {}),
      ...(otlp
        ? { otlp: { url: otlp, authorization: secret('PIPECAT_CLOUD_LOG_EXPORT_OTLP_AUTHORIZATION_FILE') } }
        : {}),
      ...(prefix ? { s3: { prefix } } : {}),
    },
  };
}

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && !search && !hash && !username && !password;
}
