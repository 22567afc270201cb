import type { DriverUsage } from '../driver.js';
import type { ContainerStats } from './engine-types.js';

/** Memory without the file cache that the kernel gives back when it is needed, as `docker stats` counts it; undefined when nothing runs. */
export function usageOf(stats: ContainerStats): DriverUsage | undefined {
  const { usage, stats: details = {} } = stats.memory_stats;
  if (usage === undefined) return undefined;
  // cgroup v1 says total_inactive_file, v2 inactive_file.
  const cache = details.total_inactive_file ?? details.inactive_file ?? 0;
  return { cpuMs: stats.cpu_stats.cpu_usage.total_usage / 1e6, memoryBytes: Math.max(0, usage - cache) };
}
