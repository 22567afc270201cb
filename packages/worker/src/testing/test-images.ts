import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { create } from 'tar';
import type { Engine } from '../engine/engine.js';
import { isStatus } from '../engine/engine-error.js';
import { jsonLines } from '../engine/streams.js';
import { contextOf } from './process-driver-setup.js';

/** Set by `npm test`, or by hand: `unix:///var/run/docker.sock`. */
export const testEngineUrl: string | undefined = process.env.PIPECAT_CLOUD_TEST_ENGINE;

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
    const [repo, tag] = image.split(':');
    const body = create({ cwd: root, follow: true, portable: true }, ['.']);
    const query = { fromSrc: '-', repo, tag, changes: 'ENV PATH=/bin' };
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
  await finish(await engine.stream('POST', '/build', { query: { t: tag, forcerm: true }, headers, body: context }));
}

/** An image of these files under `/app` on `nodeImage`, and the command that runs there. */
export async function imageOf(
  engine: Engine,
  tag: string,
  files: Record<string, string>,
  { command = ['node', '/app/agent.mjs'], also = '' }: { command?: string[]; also?: string } = {},
): Promise<string> {
  const dockerfile = await dockerfileOf(engine, command, also);
  await buildImage(engine, tag, await contextOf({ ...files, Dockerfile: dockerfile }));
  return tag;
}

export async function dockerfileOf(engine: Engine, command = ['node', '/app/agent.mjs'], also = ''): Promise<string> {
  return `FROM ${await nodeImage(engine)}\nWORKDIR /app\nCOPY . /app/\n${also}\nCMD ${JSON.stringify(command)}\n`;
}

async function finish(body: Readable): Promise<void> {
  for await (const { error } of jsonLines<{ error?: string }>(body)) if (error) throw new Error(error);
}
