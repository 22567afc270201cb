import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnCredential } from '@pipecat-cloud/contract/credential-scan';
import { readError, whyNot } from '../errors.js';
import { scanFile } from './scan-file.js';

export interface ScanBounds {
  files: number;
  /** Of one file; the rest of it is not read. */
  fileBytes: number;
}
export const scanBounds: ScanBounds = { files: 1_000_000, fileBytes: 2 ** 30 };

export interface ScanCounts {
  files: number;
  bytes: number;
  /** Compressed, media and model files, in which no text can be seen. */
  skipped: number;
  /** Could not be read: paths and why. */
  unreadable: string[];
  /** Not read to the end, because of the bounds. */
  cut: string[];
}

/** Content of these is compressed or no text, so that a token in it is no row of characters. Programs and databases are scanned. */
const opaque =
  /\.(?:gz|tgz|zip|xz|bz2|zst|br|7z|rar|jar|whl|png|jpe?g|gif|webp|avif|heic|ico|mp[34]|m4[av]|mov|avi|mkv|webm|ogg|opus|flac|wav|aac|woff2?|ttf|otf|eot|pdf|onnx|safetensors|gguf|pt|pth)$/i;
/** Git keeps its objects compressed; `--git` reads them. What else is in `.git`, such as addresses with a token, is scanned. */
const passedOver = /(?:^|\/)\.git\/(?:objects|lfs)$/;

/**
 * Scans a file, or every regular file below a folder, in the order of their names. Links are not followed. What can't be read is
 * counted and told, and doesn't end the scan; only a `path` that isn't there does.
 */
export async function scanPath(
  path: string,
  onCredential: (file: string, ...found: Parameters<OnCredential>) => void,
  onFile: (counts: ScanCounts) => void = () => {},
  bounds: ScanBounds = scanBounds,
): Promise<ScanCounts> {
  const counts: ScanCounts = { files: 0, bytes: 0, skipped: 0, unreadable: [], cut: [] };

  async function scanOne(source: string, name: string): Promise<void> {
    if (opaque.test(name)) {
      counts.skipped++;
      return;
    }
    counts.files++;
    onFile(counts);
    try {
      const bytes = await scanFile(source, bounds.fileBytes, (...found) => onCredential(name, ...found));
      counts.bytes += bytes;
      if (bytes >= bounds.fileBytes) counts.cut.push(name);
    } catch (error) {
      counts.unreadable.push(`${name}: ${whyNot(error)}`);
    }
  }

  /** False when the bound on files is reached. */
  async function walk(folder: string, prefix: string): Promise<boolean> {
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      counts.unreadable.push(`${prefix || folder}: ${whyNot(error)}`);
      return true;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = prefix + entry.name;
      const source = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!passedOver.test(name) && !(await walk(source, `${name}/`))) return false;
      } else if (entry.isFile()) {
        if (counts.files >= bounds.files) {
          counts.cut.push(`everything from ${name} on`);
          return false;
        }
        await scanOne(source, name);
      }
    }
    return true;
  }

  const found = await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  if (found.isDirectory()) await walk(path, '');
  else await scanOne(path, path);
  return counts;
}
