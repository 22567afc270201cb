import type { HealthWarning, InstallationHealth } from '@pipecat-cloud/contract/installation';

type Checked = Omit<InstallationHealth, 'warnings'>;

const gigabyte = 1024 ** 3;
const megabyte = 1024 ** 2;
const dayMs = 24 * 60 * 60 * 1000;
/** A read takes a millisecond; ten times the round trip over a slow network is still less. */
const slowDatabaseMs = 250;
/** A worker that is away for longer was taken down and forgotten. */
const missedForMs = 30 * dayMs;
const backupAgeMs = 7 * dayMs;

/** Everything that is not as it should be, each with what to do. Pure. */
export function warningsOf(health: Checked, more: readonly HealthWarning[] = []): HealthWarning[] {
  return [...ofWorkers(health), ...ofDatabase(health), ...ofDisk(health), ...ofBackup(health), ...more];
}

function ofWorkers({ workers, version, checkedAt }: Checked): HealthWarning[] {
  const found: HealthWarning[] = [];
  const own = workers.filter(({ organizationId }) => organizationId === null);
  const anyConnected = own.some(({ connected }) => connected);
  if (!anyConnected) {
    found.push({
      code: 'no_worker',
      severity: 'critical',
      text: 'no worker of the installation is connected, so no agent can start',
      hint: 'Start one (npm start runs one beside the control plane), or see its log for why it does not reach this server.',
    });
  }
  for (const worker of workers) {
    const { name, connected, organizationId, lastSeenAt, engineError, diskFolder, diskBytes, diskFreeBytes } = worker;
    const away = Date.parse(checkedAt) - Date.parse(lastSeenAt ?? '');
    if (!connected && away < missedForMs && (anyConnected || organizationId !== null)) {
      found.push({
        code: 'worker_away',
        severity: 'warning',
        text: `worker ${name} is not connected (last seen ${lastSeenAt})`,
        hint: 'See whether it runs and reaches this server; one that is gone for good can be revoked.',
      });
    }
    if (!connected) continue;
    if (engineError !== null) {
      found.push({
        code: 'engine_down',
        severity: 'critical',
        text: `the engine of worker ${name} does not answer: ${engineError}`,
        hint: 'Start it on that machine (systemctl status docker); agents there can neither start nor be built.',
      });
    }
    // A worker of one organization runs nobody else's agents.
    if (worker.networksMixed && organizationId === null) {
      found.push({
        code: 'networks_mixed',
        severity: 'warning',
        text: `on worker ${name} agents of different organizations may reach one another: its container engine does not keep their networks apart`,
        hint: 'After every start of that machine: iptables -I FORWARD -i pcc+ -o pcc+ -j DROP (docs/podman.md). Then set PIPECAT_CLOUD_WORKER_NETWORKS_APART=yes there, and this ends.',
      });
    }
    if (worker.version !== null && worker.version !== version) {
      found.push({
        code: 'version_mismatch',
        severity: 'warning',
        text: `worker ${name} runs release ${worker.version}, the control plane ${version}`,
        hint: 'Upgrade both to the same release.',
      });
    }
    const disk = `the disk of worker ${name}${diskFolder === null ? '' : ` (${diskFolder})`}`;
    found.push(...roomOn(disk, 'worker_disk', diskBytes, diskFreeBytes, '.'));
  }
  return found;
}

function ofDatabase({ database: { latencyMs, error } }: Checked): HealthWarning[] {
  if (error !== null)
    return [
      {
        code: 'database_down',
        severity: 'critical',
        text: `the database does not answer: ${error}`,
        hint: 'See the log of the control plane and of the database.',
      },
    ];
  if (latencyMs === null || latencyMs < slowDatabaseMs) return [];
  return [
    {
      code: 'database_slow',
      severity: 'warning',
      text: `one read of the database took ${latencyMs} ms`,
      hint: 'Look for what keeps its disk or its processors busy; starts of sessions wait for it several times.',
    },
  ];
}

function ofDisk({ disk: { folder, bytes, freeBytes, logBytes } }: Checked): HealthWarning[] {
  const logs = logBytes > 100 * megabyte ? `; logs take ${size(logBytes)} of it (PIPECAT_CLOUD_LOG_MAX_MB)` : '';
  return roomOn(`the disk of ${folder}`, 'data_disk', bytes, freeBytes, `${logs}.`);
}

function roomOn(
  what: string,
  code: string,
  bytes: number | null,
  freeBytes: number | null,
  more: string,
): HealthWarning[] {
  if (bytes === null || freeBytes === null) return [];
  const critical = freeBytes < 256 * megabyte;
  if (!critical && freeBytes > 2 * gigabyte) return [];
  if (!critical && freeBytes > bytes / 10) return [];
  return [
    {
      code: `${code}_low`,
      severity: critical ? 'critical' : 'warning',
      text: `${what} has ${size(freeBytes)} free of ${size(bytes)}`,
      hint: `Free some space, or give it more${more}`,
    },
  ];
}

function ofBackup({ lastBackupAt, checkedAt }: Checked): HealthWarning[] {
  // Not known is not wrong: whoever has backups of another kind is left alone.
  if (lastBackupAt === null || Date.parse(checkedAt) - Date.parse(lastBackupAt) < backupAgeMs) return [];
  return [
    {
      code: 'backup_old',
      severity: 'warning',
      text: `the last backup is of ${lastBackupAt.slice(0, 10)}`,
      hint: 'See why the job that makes them did not run, or make one: npm run backup -- FILE.',
    },
  ];
}

function size(bytes: number): string {
  return bytes >= gigabyte ? `${(bytes / gigabyte).toFixed(1)} GiB` : `${Math.round(bytes / megabyte)} MiB`;
}
