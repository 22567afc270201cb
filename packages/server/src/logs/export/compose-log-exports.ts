import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HealthWarning } from '@pipecat-cloud/contract/installation';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { atMost } from '../../at-most.js';
import { createS3Client } from '../../builds/s3-client.js';
import type { Config } from '../../config/config.js';
import type { Store } from '../../db/store.js';
import type { LogStore } from '../log-store.js';
import { openExportPlaces } from './export-places.js';
import { createLogExport, type ExportedAgent, type LogExport, type LogSink } from './log-export.js';
import { createLokiSink } from './loki-sink.js';
import { createOtlpSink } from './otlp-sink.js';
import { createS3Sink } from './s3-sink.js';

interface LogExportsDeps {
  config: Pick<Config, 'dataDirectory' | 'logs' | 's3'>;
  store: Store;
  logs: LogStore;
  log: Logger;
  register: Registry;
  /** Whether this control plane runs the agents. */
  leads: () => boolean;
  openPlaces?: typeof openExportPlaces;
  /** Wait before another try, where they could not begin. */
  retryMs?: number;
}

/** The exports that are set, each with a file of its own for how far it is. None costs anything where none is set. */
export function composeLogExports(deps: LogExportsDeps) {
  const { config, store, logs, log, register, leads, openPlaces = openExportPlaces, retryMs = 5000 } = deps;
  const sinks = sinksOf(config);
  const exports: LogExport[] = [];
  const names = new LRUCache<string, ExportedAgent>(atMost(5000));
  const labelNames = ['sink'];
  const registers = [register];
  const sent = new Counter({
    name: 'pipecat_cloud_log_export_lines_total',
    help: 'Log lines that an export has handed over',
    labelNames,
    registers,
  });
  const failed = new Counter({
    name: 'pipecat_cloud_log_export_failures_total',
    help: 'Tries of an export that failed',
    labelNames,
    registers,
  });
  /** Grows with each beginning and end: what began before has no say over the files any more. */
  let term = 0;
  let changing = Promise.resolve();
  let closed = false;

  async function agentOf(agentId: string): Promise<ExportedAgent | undefined> {
    const known = names.get(agentId) ?? (await store.logRetention.agentNames(agentId));
    if (known) names.set(agentId, known);
    return known;
  }

  /** Where each log ends now. */
  async function ends(): Promise<[string, string][]> {
    const found: [string, string][] = [];
    for (const agentId of await logs.agents()) {
      const [newest] = (await logs.read({ agentId, limit: 1, offset: 0, order: 'desc' })).lines;
      if (newest) found.push([agentId, newest.cursor]);
    }
    return found;
  }

  async function open(isOurs: () => boolean): Promise<void> {
    const folder = join(config.dataDirectory, 'log-exports');
    if (sinks.size > 0) await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [name, sink] of sinks) {
      const places = await openPlaces(join(folder, `${name}.json`), log, ends, isOurs);
      const one = createLogExport({
        ...{ sink, logs, places, agentOf, log },
        onSent: (lines) => sent.inc({ sink: name }, lines),
        onFailed: () => failed.inc({ sink: name }),
      });
      exports.push(one);
      one.start();
    }
  }

  async function stop(): Promise<void> {
    await Promise.all(exports.splice(0).map((one) => one.close()));
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    changing = changing.then(work).catch((err: unknown) => log.error({ err }, 'exports of logs could not be ended'));
    return changing;
  }

  /** Tried again until it works, or has been overtaken. */
  function begin(begun: number): void {
    void inTurn(async () => {
      if (closed || term !== begun) return;
      await stop();
      await open(() => leads() && term === begun).catch((err: unknown) => {
        log.error({ err }, 'exports of logs could not be started; trying again');
        setTimeout(() => begin(begun), retryMs).unref();
      });
    });
  }

  return {
    /** Goes on with all agents from where the files say, which another control plane may have written meanwhile. */
    lead(): void {
      begin(++term);
    },
    /** Another one exports, and writes the files. */
    standBy(): void {
      term++;
      void inTurn(stop);
    },
    warnings: (): HealthWarning[] => exports.flatMap((one) => one.warnings()),
    close(): Promise<void> {
      closed = true;
      return inTurn(stop);
    },
  };
}

function sinksOf({ logs, s3 }: Pick<Config, 'logs' | 's3'>): Map<string, LogSink> {
  const sinks = new Map<string, LogSink>();
  if (logs.exports.loki) sinks.set('loki', createLokiSink(logs.exports.loki));
  if (logs.exports.otlp) sinks.set('otlp', createOtlpSink(logs.exports.otlp));
  if (logs.exports.s3 && s3) {
    const { bucketUrl, region, accessKeyId, secretAccessKey } = s3;
    const credentials = async () => ({ accessKeyId, secretAccessKey: await secretAccessKey() });
    let client: ReturnType<typeof createS3Client> | undefined;
    const open = () => (client ??= createS3Client({ bucketUrl, region }, credentials));
    sinks.set('s3', createS3Sink(open, logs.exports.s3.prefix));
  }
  return sinks;
}
