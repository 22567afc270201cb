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

  return {
    openSessions: () => installation.openSessions(),
    slots: () => installation.slots(),
    workers: () => installation.workers(),
    migrations: async () => (await orNothing(installation.migrations())) ?? [],
    databaseVersion: () => orNothing(installation.version()),
    databaseBytes: () => orNothing(installation.bytes()),
    uploadBytes: () => orNothing(installation.uploadBytes()),
    disk: (): Promise<DiskSpace | undefined> => orNothing(diskSpace(dataDirectory)),
    lastBackupAt: () => orNothing(store.settings.find('last-backup-at')),
    async latencyMs(): Promise<number | undefined> {
      const began = performance.now();
      return await store.ping().then(
        () => performance.now() - began,
        () => undefined,
      );
    },
  };
}
export type InstallationReader = ReturnType<typeof createInstallationReader>;
