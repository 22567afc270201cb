import { Counter, Gauge, type Registry } from 'prom-client';

/** The standard names, so that usual dashboards show this process too. Light: nothing is sampled between two readings. */
export function addProcessMetrics(register: Registry): void {
  let before = performance.eventLoopUtilization();
  gauge(register, 'process_start_time_seconds', 'Start of the process in Unix seconds', () =>
    Math.round(performance.timeOrigin / 1000),
  );
  total(register, 'process_cpu_seconds_total', 'CPU time in seconds', () => {
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

/** What can't be told, as while the database is away, has no series, and takes nothing else with it. */
async function orNothing<T>(value: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await value();
  } catch {
    return undefined;
  }
}

/** A value that is asked for when the metrics are read. It has no series while it is undefined or can't be told. */
export function gauge(
  register: Registry,
  name: string,
  help: string,
  value: () => number | undefined | Promise<number | undefined>,
): void {
  new Gauge({
    name,
    help,
    registers: [register],
    async collect() {
      const found = await orNothing(value);
      if (found === undefined) this.remove();
      else this.set(found);
    },
  });
}

/**
 * A gauge with one label, whose values are asked for when the metrics are read. Those of `always` are there at 0 too,
 * and none while they can't be told.
 */
export function gauges(
  register: Registry,
  { name, help, label, always }: { name: string; help: string; label: string; always: readonly string[] },
  values: () => ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [register],
    async collect() {
      const found = await orNothing(values);
      this.reset();
      if (!found) return;
      for (const one of always) this.set({ [label]: one }, 0);
      for (const [one, value] of found) this.set({ [label]: one }, value);
    },
  });
}

/** A total that is kept elsewhere. */
export function total(register: Registry, name: string, help: string, value: () => number): void {
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
