import { instanceStates } from '@pipecat-cloud/contract/worker-protocol';
import type { Registry } from 'prom-client';
import type { InstallationReader } from '../installation/installation-reader.js';
import type { LogFollowers } from '../logs/log-followers.js';
import type { LogKeeping } from '../logs/log-keeping.js';
import type { SlotState } from '../slots/slot-repository.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { gauge, gauges } from './process-metrics.js';

interface InstallationMetricsDeps {
  reader: InstallationReader;
  workers: Pick<WorkerChannel, 'about'>;
  keeping: Pick<LogKeeping, 'size'>;
  followers: Pick<LogFollowers, 'count'>;
}

const slotStates: readonly SlotState[] = [
  'empty',
  'starting',
  'ready',
  'claimed',
  'settling',
  'quarantined',
  'retiring',
];

/** What the installation holds at the moment, counted when the metrics are read. */
export function addInstallationMetrics(
  register: Registry,
  { reader, workers, keeping, followers }: InstallationMetricsDeps,
): void {
  gauges(
    register,
    {
      name: 'pipecat_cloud_sessions_open',
      help: 'Sessions that have not ended, by state',
      label: 'state',
      always: ['starting', 'active'],
    },
    () => reader.openSessions(),
  );
  gauges(
    register,
    { name: 'pipecat_cloud_slots', help: 'Slots of all agents by state', label: 'state', always: slotStates },
    () => reader.slots(),
  );
  gauges(
    register,
    {
      name: 'pipecat_cloud_instances',
      help: 'Instances that connected workers tell of, by state',
      label: 'state',
      always: instanceStates,
    },
    () => {
      const counts = new Map<string, number>();
      for (const { instances } of workers.about())
        for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
      return counts;
    },
  );
  gauges(
    register,
    {
      name: 'pipecat_cloud_workers',
      help: 'Enrolled workers, by whether they are connected',
      label: 'state',
      always: ['connected', 'away'],
    },
    async () => {
      const connected = workers.about().length;
      return new Map([
        ['connected', connected],
        ['away', Math.max(0, (await reader.workers()).length - connected)],
      ]);
    },
  );
  gauge(register, 'pipecat_cloud_database_latency_seconds', 'One read of the database, at this moment', async () => {
    const ms = await reader.latencyMs();
    return ms === undefined ? undefined : ms / 1000;
  });
  gauge(register, 'pipecat_cloud_database_bytes', 'Size of the database', () => reader.databaseBytes());
  gauge(
    register,
    'pipecat_cloud_data_disk_bytes',
    'Size of the disk that the data folder lies on',
    async () => (await reader.disk())?.bytes,
  );
  gauge(
    register,
    'pipecat_cloud_data_disk_free_bytes',
    'What is free of it',
    async () => (await reader.disk())?.freeBytes,
  );
  gauge(register, 'pipecat_cloud_log_bytes', 'Size of all logs that are kept', () => keeping.size().bytes);
  gauge(register, 'pipecat_cloud_log_followers', 'Who follows a log at this moment', () => followers.count());
}
