import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import { instanceStates } from '@pipecat-cloud/contract/worker-protocol';
import { Counter, Gauge, Registry } from 'prom-client';
import { readIfThere, replaceFile } from './files.js';

export interface MetricsDeps {
  instances: () => readonly ObservedInstance[];
  logCounts: () => { lines: number; leftOut: number };
  /** Reports that the control plane has not acknowledged. */
  waitingReports: () => number;
  connected: () => boolean;
}

/** What Prometheus reads of this worker. Everything is counted when it asks; no label grows with agents or sessions. */
export function createMetrics({ instances, logCounts, waitingReports, connected }: MetricsDeps) {
  const register = new Registry();
  addProcessMetrics(register);
  new Gauge({
    name: 'pipecat_cloud_worker_instances',
    help: 'Instances of this worker by state',
    labelNames: ['state'],
    registers: [register],
    collect() {
      const counts = new Map<string, number>();
      for (const { state } of instances()) counts.set(state, (counts.get(state) ?? 0) + 1);
      for (const state of instanceStates) this.set({ state }, counts.get(state) ?? 0);
    },
  });
  gauge(register, 'pipecat_cloud_worker_connected', '1 while the link to the control plane is up', () =>
    connected() ? 1 : 0,
  );
  gauge(
    register,
    'pipecat_cloud_worker_reports_waiting',
    'Reports that the control plane has not acknowledged',
    waitingReports,
  );
  counter(register, 'pipecat_cloud_worker_log_lines_total', 'Log lines handed over', () => logCounts().lines);
  counter(
    register,
    'pipecat_cloud_worker_log_lines_left_out_total',
    'Log lines left out because an instance wrote too many',
    () => logCounts().leftOut,
  );
  return { contentType: register.contentType, text: () => register.metrics() };
}
export type Metrics = ReturnType<typeof createMetrics>;

/** The standard names, so that usual dashboards show this process too. Light: nothing is sampled between two readings. */
function addProcessMetrics(register: Registry): void {
  let before = performance.eventLoopUtilization();
  gauge(register, 'process_start_time_seconds', 'Start of the process in Unix seconds', () =>
    Math.round((performance.timeOrigin ?? 0) / 1000),
  );
  counter(register, 'process_cpu_seconds_total', 'CPU time in seconds', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge(register, 'process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge(register, 'nodejs_heap_size_used_bytes', 'Used heap', () => process.memoryUsage().heapUsed);
  gauge(
    register,
    'nodejs_eventloop_utilization',
    'Share of time that the event loop was busy since the last reading',
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  );
}

function gauge(register: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [register],
    collect() {
      this.set(value());
    },
  });
}

/** A total that is kept elsewhere. */
function counter(register: Registry, name: string, help: string, value: () => number): void {
  new Counter({
    name,
    help,
    registers: [register],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

const tokenFile = 'metrics-token';

/** Makes the file with the token that a scraper shows, where there is none. */
export async function makeMetricsToken(workerDir: string): Promise<void> {
  const path = join(workerDir, tokenFile);
  if ((await readIfThere(path))?.trim()) return;
  await replaceFile(path, `${randomBytes(32).toString('base64url')}\n`, { durable: true });
}

/** Answers `GET /metrics`. The token is read anew each time, so that it can be replaced. */
export function answerMetrics(metrics: Metrics, workerDir: string, req: IncomingMessage, res: ServerResponse): void {
  req.resume();
  if (!isToken(req.headers.authorization, join(workerDir, tokenFile))) {
    res.writeHead(401, { 'content-type': 'text/plain', 'www-authenticate': 'Bearer' });
    res.end(`The metrics need the token in the file ${tokenFile} of the worker's folder, as bearer\n`);
    return;
  }
  metrics.text().then(
    (text) => res.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text),
    () => res.writeHead(500).end(),
  );
}

function isToken(authorization: string | undefined, path: string): boolean {
  const given = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (given === undefined) return false;
  try {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    const wanted = readFileSync(path, 'utf8').trim();
    return wanted !== '' && timingSafeEqual(digest(given), digest(wanted));
  } catch {
    return false;
  }
}
