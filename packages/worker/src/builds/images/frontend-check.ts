import { posix } from 'node:path';
import { list } from 'tar';
import { DriverError } from '../../drivers/driver.js';
import { refused } from '../download.js';
import { needsBuildKit, noDockerfile } from './build-failure.js';

/** The program that reads Dockerfiles, as its makers publish it, of any version. */
const known = /^(docker\.io\/)?docker\/dockerfile(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;
/** In the comments at the top, as BuildKit looks for it, and a little beyond: later versions look in more places. */
const directive = /^(?:#|\/\/)\s*syntax\s*=\s*(.*)$/i;
const sizeLimitBytes = 1024 * 1024;

/** The Dockerfile of a context, as the engine finds it too. */
export interface Dockerfile {
  /** From the context's root, beginning with `./`: engines read other spellings as JSON, as an address or as no name at all. */
  path: string;
  text: string;
}

/** Throws `DriverError` where the context has no such file: what is not found here may not be looked for by the engine, in its own way. */
export async function readDockerfile(archive: string, dockerfilePath: string): Promise<Dockerfile> {
  const path = normal(dockerfilePath);
  const text = await readEntry(archive, path);
  if (text === undefined) throw new DriverError('PCC_UNKNOWN_ERROR', noDockerfile);
  return { path: `.${path}`, text };
}

/**
 * Throws for a Dockerfile that is to be read by a program of its own choice (`# syntax=`): such a program runs in the engine and may ask it
 * for any image and any credential that it has, past the rules for `FROM`.
 */
export function checkFrontend({ path, text }: Dockerfile): void {
  const frontend = frontendOf(text);
  if (frontend === undefined || known.test(frontend)) return;
  throw new DriverError(
    'PCC_UNKNOWN_ERROR',
    `${path.slice(2)} is to be read by '${frontend.slice(0, 200)}' (# syntax=), and builds here take docker/dockerfile alone: another program could get round the rules for base images. Take that line out, or name docker/dockerfile:1.`,
  );
}

/**
 * Throws for a Dockerfile with `RUN --mount`, for engines without BuildKit: Podman's builder knows it, and would share cache mounts among
 * organizations, and mount other images of the engine.
 */
export function checkMounts({ text }: Dockerfile): void {
  if (hasMount(text)) throw new DriverError('PCC_UNKNOWN_ERROR', needsBuildKit);
}

/** Whether an instruction of the Dockerfile mounts something. */
export function hasMount(dockerfile: string): boolean {
  const lines = dockerfile.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  // Instructions go on after a backslash, or the other sign that `# escape=` may name.
  const whole = lines.join('\n').replace(/[\\`][ \t]*\n\s*/g, ' ');
  return /^\s*(ONBUILD\s+)?RUN\s+(--\S+\s+)*--mount\b/im.test(whole);
}

/** What a Dockerfile names as its frontend; undefined where it names none. */
export function frontendOf(dockerfile: string): string | undefined {
  const text = dockerfile.replace(/^\ufeff/, '').replace(/^#!.*(\n|$)/, '');
  // Since BuildKit 0.10 the whole file may be JSON that names one.
  if (text.trimStart().startsWith('{')) return 'a file in JSON';
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    const found = directive.exec(trimmed)?.[1];
    if (found !== undefined) return found.trim();
    if (trimmed !== '' && !/^(#|\/\/)/.test(trimmed)) return undefined;
  }
  return undefined;
}

async function readEntry(archive: string, path: string): Promise<string | undefined> {
  let text: Promise<string> | undefined;
  let size = 0;
  await list({
    file: archive,
    strict: true,
    onReadEntry(entry) {
      if (normal(entry.path) !== path) return void entry.resume();
      size = entry.size;
      text = undefined;
      if (entry.type !== 'File' && entry.type !== 'OldFile') entry.resume();
      else if (size <= sizeLimitBytes) text = entry.concat().then((bytes) => Buffer.from(bytes).toString('utf8'));
      else entry.resume();
    },
  }).catch((error: unknown) => {
    throw refused('is no complete gzip-compressed tar archive', error);
  });
  if (size <= sizeLimitBytes) return await text;
  throw new DriverError('PCC_UNKNOWN_ERROR', `${path} is larger than 1 MiB, which no Dockerfile is`);
}

const normal = (path: string) => posix.normalize(`/${path}`).replace(/\/$/, '');
