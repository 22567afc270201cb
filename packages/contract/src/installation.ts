import { type Static, Type } from 'typebox';
import { OrNull, Timestamp } from './names.js';

const Bytes = Type.Integer({ description: 'Bytes' });

/** What is not as it should be, and what to do about it. `code` is for programs, and does not change. */
export const HealthWarning = Type.Object({
  code: Type.String(),
  severity: Type.Enum(['warning', 'critical']),
  text: Type.String(),
  hint: Type.String(),
});
export type HealthWarning = Static<typeof HealthWarning>;

export const WorkerHealth = Type.Object({
  id: Type.String(),
  name: Type.String({ description: 'While the database does not answer: what the machine calls itself, or its id' }),
  region: OrNull(Type.String()),
  organizationId: OrNull(Type.String()),
  connected: Type.Boolean(),
  lastSeenAt: OrNull(Timestamp),
  driver: OrNull(Type.String()),
  architecture: OrNull(Type.String()),
  version: OrNull(Type.String()),
  hostname: OrNull(Type.String()),
  engine: Type.Union([
    Type.Object({ name: Type.String(), version: Type.String(), apiVersion: OrNull(Type.String()) }),
    Type.Null(),
  ]),
  engineError: OrNull(Type.String()),
  networksMixed: Type.Boolean({
    description:
      'Its engine may let instances of different organizations reach one another, and its operator has not said that a firewall keeps them apart',
  }),
  cpuCount: OrNull(Type.Integer()),
  memoryBytes: OrNull(Bytes),
  memoryFreeBytes: OrNull(Bytes),
  diskFolder: OrNull(Type.String({ description: 'Its own or that of its engine, whichever has less room' })),
  diskBytes: OrNull(Bytes),
  diskFreeBytes: OrNull(Bytes),
  instances: Type.Integer(),
  sessions: Type.Integer(),
});
export type WorkerHealth = Static<typeof WorkerHealth>;

export const InstallationHealth = Type.Object({
  installationId: Type.String(),
  checkedAt: Timestamp,
  version: Type.String({ description: 'Of the control plane' }),
  node: Type.String(),
  startedAt: Timestamp,
  database: Type.Object({
    kind: Type.Enum(['sqlite', 'postgres']),
    version: OrNull(Type.String()),
    bytes: OrNull(Bytes),
    latencyMs: OrNull(Type.Integer({ description: 'One read, at this moment' })),
    error: OrNull(Type.String({ description: 'Why it does not answer. What only it knows is null then' })),
    migrations: OrNull(Type.Integer({ description: 'How many have been applied' })),
    lastMigration: OrNull(Type.String()),
  }),
  disk: Type.Object({
    folder: Type.String({ description: 'Where database, logs and uploads lie' }),
    bytes: OrNull(Bytes),
    freeBytes: OrNull(Bytes),
    logBytes: Bytes,
    uploadBytes: OrNull(Bytes),
  }),
  lastBackupAt: OrNull(Timestamp),
  workers: Type.Array(WorkerHealth, {
    description: 'All that are enrolled; while the database does not answer, those that are connected',
  }),
  warnings: Type.Array(HealthWarning),
});
export type InstallationHealth = Static<typeof InstallationHealth>;
