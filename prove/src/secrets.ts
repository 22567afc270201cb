import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where one of these values stands in a file below the folder, or in a text; the value itself is not told. */
export function findSecrets(
  values: readonly string[],
  { folders, texts }: { folders: readonly string[]; texts: ReadonlyMap<string, readonly string[]> },
): string[] {
  const found: string[] = [];
  const look = (where: string, content: Buffer | string) => {
    const hits = values.filter((value) => content.includes(value)).length;
    if (hits > 0) found.push(`${where} (${hits} of ${values.length} values)`);
  };
  for (const path of folders.flatMap(filesBelow)) {
    try {
      look(path, readFileSync(path));
    } catch {
      // Removed meanwhile.
    }
  }
  for (const [name, all] of texts) look(name, all.join('\n'));
  return found;
}

function filesBelow(path: string): string[] {
  try {
    if (statSync(path).isFile()) return [path];
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? filesBelow(join(path, entry.name)) : entry.isFile() ? [join(path, entry.name)] : [],
    );
  } catch {
    return [];
  }
}
