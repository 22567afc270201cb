import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { create } from 'tar';
import { createEngine, type Engine } from '../engine/engine.js';
import { isStatus } from '../engine/engine-error.js';
import { jsonLines } from '../engine/streams.js';
import { isPodman } from '../engine/version.js';

/** Set by `npm test`, or by hand: `unix:///var/run/docker.sock`. */
export const testEngineUrl: string | undefined = process.env.PIPECAT_CLOUD_TEST_ENGINE;

/** What Podman can't do is not tried there; docs/podman.md has a line for each. */
export const onPodman: boolean = testEngineUrl !== undefined && (await isPodmanAt(testEngineUrl));

async function isPodmanAt(url: string): Promise<boolean> {
  const engine = createEngine({ url });
  try {
    return isPodman(await engine.version());
  } finally {
    await engine.close();
  }
}

/**
 * An image of nothing but the Node that runs this test with its libraries: no registry can be reached from tests. Made once in an
 * engine; the program is `/bin/node`.
 */
export async function nodeImage(engine: Engine): Promise<string> {
  const files = [process.execPath, ...(await librariesOf(process.execPath))];
  const image = `pcc-test-node:${process.version}-${createHash('sha256').update(files.join()).digest('hex').slice(0, 8)}`;
  if (await hasImage(engine, image)) return image;
  const root = await mkdtemp(join(tmpdir(), 'node-image-'));
  try {
    for (const path of files) {
      const inside = join(root, path === process.execPath ? '/bin/node' : path);
      await mkdir(dirname(inside), { recursive: true });
      await symlink(path, inside);
    }
    await mkdir(join(root, 'tmp'), { mode: 0o1777 });
    const body = create({ cwd: root, follow: true, portable: true }, ['.']);
    // With its tag, as all engines understand it; Podman does not read `tag`.
    const query = { fromSrc: '-', repo: image, changes: 'ENV PATH=/bin' };
    await finish(await engine.stream('POST', '/images/create', { query, body: Readable.from(body) }));
  } finally {
    await rm(root, { recursive: true });
  }
  return image;
}

/** Paths of the shared libraries that a program loads, as the loader finds them. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program]);
  return [...stdout.matchAll(/(?:=>\s+)?(\/\S+)\s+\(0x/g)].map((match) => match[1] as string);
}

export async function hasImage(engine: Engine, image: string): Promise<boolean> {
  try {
    await engine.request('GET', `/images/${image}/json`);
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** Builds a gzip'd tar by its Dockerfile, which may copy files only. */
export async function buildImage(engine: Engine, tag: string, context: Uint8Array): Promise<void> {
  const headers = { 'content-type': 'application/x-tar' };
  // Podman looks for layers that it has only when asked to.
  await finish(
    await engine.stream('POST', '/build', { query: { t: tag, forcerm: true, layers: true }, headers, body: context }),
  );
}

export interface ImageParts {
  command?: string[];
  /** Lines of the Dockerfile before its command. */
  also?: string;
  /** Files or folders of this machine that come with it: where in the context, and where they are. */
  folders?: Record<string, string>;
}

/** An image of these files under `/app` on `nodeImage`, and the command that runs there; returns its name. */
export async function imageOf(
  engine: Engine,
  tag: string,
  files: Record<string, string>,
  { command, also, folders = {} }: ImageParts = {},
): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    const all = { ...files, Dockerfile: await dockerfileOf(engine, command, also) };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    for (const [path, source] of Object.entries(folders)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await symlink(source, join(root, path));
    }
    const chunks: Buffer[] = [];
    for await (const chunk of create({ cwd: root, follow: true, portable: true }, ['.'])) chunks.push(chunk as Buffer);
    await buildImage(engine, tag, Buffer.concat(chunks));
  } finally {
    await rm(root, { recursive: true });
  }
  return tag;
}

/** An image of an agent on the base `@pipecat-cloud/agent`, as it was built, that runs this file; returns its name. */
export function agentImage(engine: Engine, tag: string, bot: string): Promise<string> {
  const base = realpathSync(fileURLToPath(new URL('../../../agent', import.meta.url)));
  const folders = {
    'node_modules/@pipecat-cloud/agent/dist': join(base, 'dist'),
    'node_modules/@pipecat-cloud/agent/package.json': join(base, 'package.json'),
    'node_modules/ws': dirname(createRequire(import.meta.url).resolve('ws/package.json')),
  };
  const name = basename(bot);
  return imageOf(engine, tag, {}, { command: ['node', `/app/${name}`], folders: { ...folders, [name]: bot } });
}

export async function dockerfileOf(engine: Engine, command = ['node', '/app/agent.mjs'], also = ''): Promise<string> {
  return `FROM ${await nodeImage(engine)}\nWORKDIR /app\nCOPY . /app/\n${also}\nCMD ${JSON.stringify(command)}\n`;
}

async function finish(body: Readable): Promise<void> {
  for await (const { error } of jsonLines<{ error?: string }>(body)) if (error) throw new Error(error);
}
