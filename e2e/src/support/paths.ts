import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
export const inRoot = (...parts: string[]) => join(root, ...parts);

const made: string[] = [];

/** A new folder of this run, removed by `removeFolders`. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `pipecat-cloud-e2e-${name}-`));
  made.push(folder);
  return folder;
}

/** Removes every folder that `temporaryFolder` made. */
export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}
