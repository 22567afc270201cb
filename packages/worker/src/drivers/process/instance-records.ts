import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DriverInstance, InstanceLabels } from '../driver.js';
import { isSafeName, makeFolder, readJson, safeName, writeJson } from './files.js';

/** What the disk says of one instance, in `instance.json`; never its environment. */
export interface InstanceRecord {
  version: 1;
  installationId: string;
  labels: InstanceLabels;
  buildId: string;
  port: number;
  /** `preparing` is the intent: written before the process is started. */
  state: DriverInstance['state'];
  process?: { pid: number; startedAt: string };
  exit?: NonNullable<DriverInstance['exit']>;
  error?: NonNullable<DriverInstance['error']>;
}

export type InstanceRecords = ReturnType<typeof createInstanceRecords>;

/** The folders of all instances: `<root>/<instanceId>/` with `instance.json`, `output.log`, `home/` and `tmp/`. */
export function createInstanceRecords(root: string) {
  const folder = (instanceId: string) => join(root, safeName(instanceId));
  return {
    root,
    folder,
    output: (instanceId: string) => join(folder(instanceId), 'output.log'),
    home: (instanceId: string) => join(folder(instanceId), 'home'),
    temporary: (instanceId: string) => join(folder(instanceId), 'tmp'),

    async make(record: InstanceRecord): Promise<void> {
      const { instanceId } = record.labels;
      await makeFolder(join(folder(instanceId), 'home'));
      await makeFolder(join(folder(instanceId), 'tmp'));
      await writeJson(join(folder(instanceId), 'instance.json'), record);
    },
    async write(record: InstanceRecord): Promise<void> {
      await writeJson(join(folder(record.labels.instanceId), 'instance.json'), record);
    },
    /** Undefined when the folder holds no usable record: a creation or removal was cut off. */
    async read(instanceId: string): Promise<InstanceRecord | undefined> {
      const found = (await readJson(join(folder(instanceId), 'instance.json'))) as InstanceRecord | undefined;
      return found?.version === 1 && found.labels?.instanceId === instanceId ? found : undefined;
    },
    async remove(instanceId: string): Promise<void> {
      // A process of the instance that is just ending may still have written; the next attempt finds it gone.
      await rm(folder(instanceId), { recursive: true, force: true, maxRetries: 5 });
    },
    async list(): Promise<string[]> {
      await makeFolder(root);
      const entries = await readdir(root, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory() && isSafeName(entry.name)).map(({ name }) => name);
    },
  };
}
