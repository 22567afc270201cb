import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../engine/engine.js';
import { never, specOf } from '../../testing/driver-tools.js';
import { type StandInRegistry, startRegistry } from '../../testing/stand-in-registry.js';
import { onPodman, testEngineUrl } from '../../testing/test-images.js';
import { DriverError } from '../driver.js';
import { createImages } from './images.js';
import { openPulledImages, type PulledImages } from './pulled-images.js';

const credentials = Buffer.from('ann:hush-hush-password').toString('base64');

describe.skipIf(!testEngineUrl)('images from a registry, with a container engine', () => {
  let engine: Engine;
  let registry: StandInRegistry;
  let images: ReturnType<typeof createImages>;
  let arch: string;
  let directory: string;
  let notes: PulledImages;
  const pulled = new Set<string>();
  beforeAll(async () => {
    engine = createEngine({ url: testEngineUrl ?? '' });
    arch = (await engine.version()).Arch;
    registry = await startRegistry();
    directory = await mkdtemp(join(tmpdir(), 'images-'));
    notes = await openPulledImages({ engine, directory, unusedMs: undefined, log: pino({ level: 'silent' }) });
    images = createImages({ engine, builder: undefined, pullStallMs: 30_000, pulled: notes });
  });
  afterAll(async () => {
    for (const id of pulled)
      await engine.request('DELETE', `/images/${id}`, { query: { force: true } }).catch(() => undefined);
    await registry.close();
    await engine.close();
    await rm(directory, { recursive: true });
  });

  const spec = (image: string, change: { digest?: string; host?: string; credentials?: string } = {}) => ({
    ...specOf(''),
    source: { type: 'image' as const, image, ...(change.digest && { digest: change.digest }) },
    ...(change.host && { registry: { host: change.host, credentials: change.credentials ?? credentials } }),
  });
  async function resolve(image: string, change = {}) {
    const found = await images.resolve(spec(image, change), never);
    pulled.add(found.id);
    return found;
  }
  const refusal = async (image: string, change = {}): Promise<DriverError> => {
    const error = await images.resolve(spec(image, change), never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DriverError);
    return error as DriverError;
  };

  test('a tag is resolved to its digest, and what was resolved is run when the tag has moved', async () => {
    const image = `${registry.host}/team/moving:1`;
    const first = registry.put('team/moving:1', 'one', { architecture: arch });
    const before = await resolve(image);
    expect(before.digest).toBe(first);
    const second = registry.put('team/moving:1', 'two', { architecture: arch });
    expect((await resolve(image, { digest: first })).id).toBe(before.id);
    expect((await resolve(image)).digest).toBe(second);
    // Gone from the engine, it is pulled by its digest.
    await engine.request('DELETE', `/images/${before.id}`, { query: { force: true } });
    expect((await resolve(image, { digest: first })).id).toBe(before.id);
    expect((await resolve(`${registry.host}/team/moving@${first}`)).digest).toBe(first);
  });

  test('of a list of platforms the digest is that of the list', async () => {
    const list = registry.put('team/many:1', 'many', { architecture: arch, list: true });
    expect((await resolve(`${registry.host}/team/many:1`)).digest).toBe(list);
  });

  test('an image that was made on this machine is not asked for at a registry, and its id stands for it', async () => {
    const local = `${registry.host}/team/mine:1`;
    const { id } = await resolve(`${registry.host}/team/many:1`);
    // As `docker build -t` and `podman build -t` would.
    const repo = onPodman ? 'localhost/pcc-test-mine' : 'pcc-test-mine';
    await engine.request('POST', `/images/${id}/tag`, { query: { repo, tag: '1' } });
    expect(await resolve('pcc-test-mine:1')).toMatchObject({ id, digest: id });
    await engine.request('DELETE', `/images/${repo}:1`);
    expect((await refusal(local)).code).toBe('PCC_IMAGE_NOT_FOUND');
  });

  test('an image that lies here is nobody’s for knowing its digest or its id', async () => {
    const closed = await startRegistry({ credentials: 'ann:hush-hush-password' });
    closed.put('team/theirs:1', 'theirs', { architecture: arch });
    const { id, digest } = await resolve(`${closed.host}/team/theirs:1`, { host: closed.host });
    expect((await refusal(`${closed.host}/team/theirs@${digest}`)).code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
    expect((await refusal(`${registry.host}/team/any@${id}`)).code).toBe('PCC_IMAGE_NOT_FOUND');
    await closed.close();
  });

  test('a private image is pulled with the secret of its registry, which no other registry is shown', async () => {
    const closed = await startRegistry({ credentials: 'ann:hush-hush-password' });
    closed.put('team/bot:1', 'secret', { architecture: arch });
    const image = `${closed.host}/team/bot:1`;
    expect((await refusal(image)).code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
    expect((await refusal(image, { host: 'registry.example.com/' })).code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
    // Podman answers the question for a user and a password with two that are empty.
    const empty = `Basic ${Buffer.from(':').toString('base64')}`;
    expect(closed.seen.filter(({ authorization }) => authorization && authorization !== empty)).toEqual([]);
    const wrong = await refusal(image, {
      host: registry.host,
      credentials: Buffer.from('ann:wrong-password').toString('base64'),
    });
    expect(wrong.code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
    expect(wrong.message).not.toContain('wrong-password');
    expect((await resolve(image, { host: `http://${closed.host}/` })).digest).toMatch(/^sha256:/);
    await closed.close();
  });

  test.each([
    ['PCC_IMAGE_NOT_FOUND', 'team/absent:1'],
    // Podman asks again by itself, for minutes and without a word.
    ...(onPodman ? [] : [['PCC_IMAGE_PULL_RATE_LIMIT', 'limited/bot:1']]),
    ['PCC_IMAGE_PULL_UNKNOWN_ERROR', 'broken/bot:1'],
  ])('%s where the registry says so, for %s', async (code = '', name = '') => {
    const error = await refusal(`${registry.host}/${name}`);
    expect(error.code).toBe(code);
    expect(error.message).toContain(name);
  });

  test.each([{ list: false }, { list: true }])('an image of another platform is refused, with %o', async ({ list }) => {
    const other = arch === 'arm64' ? 'amd64' : 'arm64';
    registry.put(`team/foreign-${list}:1`, `foreign ${list}`, { architecture: other, list });
    const error = await refusal(`${registry.host}/team/foreign-${list}:1`);
    expect(error.code).toBe('PCC_INVALID_IMAGE_PLATFORM');
  });

  test('a registry that does not answer is given up, and a pull that is called off ends with its reason', async () => {
    const impatient = createImages({ engine, builder: undefined, pullStallMs: 200, pulled: notes });
    const given = impatient.resolve(spec(`${registry.host}/hanging/bot:1`), never);
    await expect(given).rejects.toThrow('no progress for 0.2 s');
    const off = images.resolve(spec(`${registry.host}/hanging/bot:2`), AbortSignal.timeout(50));
    await expect(off).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test.each(['', 'Team/bot', 'bot:', 'bot@sha256:12', 'http://x/y', 'a b', '../x'])(
    "'%s' is no name of an image, and the engine is not asked",
    async (image) => {
      expect((await refusal(image)).code).toBe('PCC_IMAGE_NOT_FOUND');
    },
  );
});
