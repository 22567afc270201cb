import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../engine/engine.js';
import { never, specOf } from '../../testing/driver-tools.js';
import { type StandInRegistry, startRegistry } from '../../testing/stand-in-registry.js';
import { onPodman, testEngineUrl } from '../../testing/test-images.js';
import { DriverError } from '../driver.js';
import type { InspectedImage } from './engine-types.js';
import { parseImage } from './image-reference.js';
import { createImages } from './images.js';
import { pull } from './pull.js';
import { openPulledImages, type PulledImages } from './pulled-images.js';

const hourMs = 60 * 60_000;

// Podman takes an image away by its digest only as a whole, and by force.
describe.skipIf(!testEngineUrl || onPodman)('images that were pulled here, with a container engine', () => {
  let engine: Engine;
  let registry: StandInRegistry;
  let directory: string;
  let pulled: PulledImages;
  let arch: string;
  let count = 0;
  const logged: string[] = [];
  const left: string[] = [];
  const log = pino({}, { write: (line: string) => void logged.push(line) });

  /** As a worker does that is started (again). */
  async function open(unusedMs: number | undefined): Promise<void> {
    pulled = await openPulledImages({ engine, directory, unusedMs, log });
  }
  beforeEach(async () => {
    engine = createEngine({ url: testEngineUrl ?? '' });
    arch = (await engine.version()).Arch;
    registry = await startRegistry();
    directory = await mkdtemp(join(tmpdir(), 'pulled-images-'));
    logged.length = left.length = 0;
    await open(0);
  });
  afterEach(async () => {
    for (const id of left)
      await engine.request('DELETE', `/images/${id}`, { query: { force: true } }).catch(() => undefined);
    await registry.close();
    await engine.close();
    await rm(directory, { recursive: true });
  });

  const push = (tag: string) => registry.put(tag, `content ${process.pid} ${++count}`, { architecture: arch });
  async function start(image: string, through = engine) {
    const images = createImages({ engine: through, builder: undefined, pullStallMs: 30_000, pulled });
    const { id, digest = '' } = await images.resolve({ ...specOf(''), source: { type: 'image', image } }, never);
    left.push(id);
    return { id, name: image.replace(/:[^/]*$/, ''), digest };
  }
  const named = ({ name, digest }: { name: string; digest: string }) => ({ name, digest });
  const inspect = (name: string) =>
    engine.request<InspectedImage>('GET', `/images/${name}/json`).catch((): undefined => undefined);
  const isThere = async (name: string) => (await inspect(name)) !== undefined;

  test('are removed by the names that they were given here, also after a restart of the worker; one line tells it', async () => {
    const image = `${registry.host}/team/bot:1`;
    push('team/bot:1');
    const old = await start(image);
    push('team/bot:1');
    const now = await start(image);
    await open(0);
    expect(await pulled.unused()).toEqual([named(old), named(now)]);
    await pulled.forget(named(old));
    expect([await isThere(old.id), await isThere(now.id), await isThere(image)]).toEqual([false, true, true]);
    expect(logged.filter((line) => line.includes(old.digest) && line.includes('was removed'))).toHaveLength(1);
    await pulled.forget(named(now));
    expect([await isThere(now.id), await isThere(image)]).toEqual([false, false]);
    await open(0);
    expect(await pulled.unused()).toEqual([]);
  });

  test('stay for as long as they are to be kept, or for good', async () => {
    push('team/bot:1');
    const image = await start(`${registry.host}/team/bot:1`);
    for (const unusedMs of [hourMs, undefined]) {
      await open(unusedMs);
      expect(await pulled.unused()).toEqual([]);
      await expect(pulled.forget(named(image))).rejects.toBeInstanceOf(DriverError);
    }
    expect(await isThere(image.id)).toBe(true);
  });

  test('stay while a container has them, also one that has ended and is not ours', async () => {
    push('team/bot:1');
    const image = await start(`${registry.host}/team/bot:1`);
    const { Id } = await engine.request<{ Id: string }>('POST', '/containers/create', { body: { Image: image.id } });
    expect(await pulled.unused()).toEqual([]);
    await expect(pulled.forget(named(image))).rejects.toThrow('is in use');
    await engine.request('DELETE', `/containers/${Id}`);
    expect(await pulled.unused()).toEqual([named(image)]);
    await pulled.forget(named(image));
    expect(await isThere(image.id)).toBe(false);
  });

  test('stay while a start is about an image of that name', async () => {
    push('team/bot:1');
    const image = await start(`${registry.host}/team/bot:1`);
    await pulled.during(image.name, async () => {
      await expect(pulled.forget(named(image))).rejects.toThrow('is in use');
    });
    expect(await isThere(image.id)).toBe(true);
  });

  test('are there for a start that begins while they are removed', async () => {
    push('team/bot:1');
    const image = `${registry.host}/team/bot:1`;
    const old = await start(image);
    let starting: ReturnType<typeof start> | undefined;
    const request: Engine['request'] = async (method, path, more) => {
      if (method === 'DELETE' && !starting) {
        starting = start(image);
        // One that does not wait is through by then.
        await Promise.race([starting, delay(2_000)]);
      }
      return engine.request(method, path, more);
    };
    pulled = await openPulledImages({ engine: { ...engine, request }, directory, unusedMs: 0, log });
    await pulled.forget(named(old));
    expect(await isThere((await starting)?.id ?? '')).toBe(true);
  });

  test('are removed by both names where two pulls brought one image', async () => {
    const content = `content ${process.pid} ${++count}`;
    for (const name of ['team/one:1', 'team/other:1']) registry.put(name, content, { architecture: arch });
    const image = `${registry.host}/team/one:1`;
    let second: ReturnType<typeof start> | undefined;
    const request: Engine['request'] = async (method, path, more) => {
      const answer = await engine.request<never>(method, path, more);
      // It is there, and that this pull brought it is not noted yet.
      if (path !== `/images/${image}/json`) return answer;
      second ??= start(`${registry.host}/team/other:1`);
      await second;
      return answer;
    };
    const first = await start(image, { ...engine, request });
    expect(second).toBeDefined();
    expect(await pulled.unused()).toHaveLength(2);
    for (const one of await pulled.unused()) await pulled.forget(one);
    expect(await isThere(first.id)).toBe(false);
  });

  test('are not those that somebody else had pulled before', async () => {
    push('team/bot:1');
    const image = `${registry.host}/team/bot:1`;
    const reference = parseImage(image) as NonNullable<ReturnType<typeof parseImage>>;
    await pull(engine, { image, reference, registry: undefined, stallMs: 30_000, signal: never });
    const theirs = await start(image);
    expect(await pulled.unused()).toEqual([]);
    await pulled.forget(named(theirs));
    expect(await isThere(image)).toBe(true);
  });

  test('keep the names that somebody else gave them, and a tag that stands for something else by now', async () => {
    const image = `${registry.host}/team/bot:1`;
    push('team/bot:1');
    const [ours, other] = [await start(image), push('team/other:1')];
    const built = await start(`${registry.host}/team/other:1`);
    expect(built.digest).toBe(other);
    const tag = (id: string, repo: string) =>
      engine.request('POST', `/images/${id}/tag`, { query: { repo, tag: '1' } });
    await tag(ours.id, 'pcc-test-theirs');
    await tag(built.id, `${registry.host}/team/bot`);
    await pulled.forget(named(ours));
    expect((await inspect('pcc-test-theirs:1'))?.Id).toBe(ours.id);
    expect((await inspect(image))?.Id).toBe(built.id);
    await engine.request('DELETE', '/images/pcc-test-theirs:1');
  });
});
