import { normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import type { ContextSource } from './builder.js';
import { parseLocalSection } from './process/deploy-file.js';

/** `local`: its `pcc-deploy.toml` says how it runs as a process. `image`: it has the Dockerfile. `bare`: neither. */
export type ContextKind = 'local' | 'image' | 'bare';

const deployFileLimitBytes = 1024 * 1024;

/** Looks into a context without unpacking it. What can't be read is an `image`, whose builder says what is wrong with it. */
export async function contextKind(
  context: ContextSource,
  dockerfilePath: string,
  signal: AbortSignal,
): Promise<ContextKind> {
  let hasDockerfile = false;
  let deployFile = '';
  const parser = new Parser({
    onReadEntry(entry: ReadEntry) {
      const path = normalize(entry.path);
      if (path === normalize(dockerfilePath)) hasDockerfile = true;
      if (path === 'pcc-deploy.toml' && entry.size <= deployFileLimitBytes) {
        entry.on('data', (chunk: Buffer) => {
          deployFile += chunk.toString();
        });
      }
      entry.resume();
    },
  });
  try {
    await pipeline(await context(signal), createGunzip(), parser, { signal });
  } catch {
    signal.throwIfAborted();
    return 'image';
  }
  if (deployFile !== '' && parseLocalSection(deployFile)) return 'local';
  return hasDockerfile ? 'image' : 'bare';
}
