import type { Store } from '../db/store.js';
import { type DiskSpace, diskSpace } from '../logs/disk-room.js';

interface ReaderDeps {
  store: Store;
  dataDirectory: string;
}

/** What can be measured of the installation from here. What can't be told at the moment is undefined. */
export function createInstallationReader({ store, dataDirectory }: ReaderDeps) {
  const { installation } = store;
  const orNothing = <T>(found: Promise<T>): Promise<T | undefined> => found.catch(() => undefined);

  async function latencyMs(): Promise<number> {
    const began = performance.now();
    await store.ping();
    return performance.now() - began;
  }

  return {
    openSessions: () => installation.openSessions(),
    slots: () => installation.slots(),
    workers: () => installation.workers(),
    migrations: () => orNothing(installation.migrations()),
    databaseVersion: () => orNothing(installation.version()),
    databaseBytes: () => orNothing(installation.bytes()),
    uploadBytes: () => orNothing(installation.uploadBytes()),
    disk: (): Promise<DiskSpace | undefined> => orNothing(diskSpace(dataDirectory)),
    lastBackupAt: () => orNothing(store.settings.find('last-backup-at')),
    /** Of one read of the database. */
    latencyMs: () => orNothing(latencyMs()),
    /** The same, but throws where it does not answer. */
    answersInMs: latencyMs,
  };
}
export type InstallationReader = ReturnType<typeof createInstallationReader>;
