import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { UploadUrl } from '@pipecat-cloud/contract/builds';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OrganizationAccess } from '../../access/principal.js';
import { databases } from '../databases.js';
import { contextOf } from '../tar.js';
import { type FakeClock, testActor } from '../two-organizations.js';
import { type OpenFiles, openUploadWorld, type UploadWorld } from '../upload-world.js';

const minuteMs = 60_000;
const context = contextOf({ Dockerfile: 'FROM scratch\n', 'bot.py': 'print("hi")\n' });
const other = contextOf({ Dockerfile: 'FROM scratch\n', 'bot.py': 'print("other")\n' });

/**
 * What a client and a worker see of uploads, whatever keeps the files: from the form that the server gives to the bytes that a build
 * is made of. `open` makes an empty store whose times are those of the clock.
 */
export function describeUploads(
  name: string,
  open: (clock: FakeClock, limitBytes: number) => Promise<OpenFiles>,
): void {
  describe.each(databases)(`uploads: ${name}, rows in $name`, (database) => {
    const limitBytes = 100_000;
    let world: UploadWorld;
    beforeEach(async () => {
      world = await openUploadWorld(database, (clock) => open(clock, limitBytes));
    });
    afterEach(() => world.end());

    const offer = (organization: OrganizationAccess = world.acme) => world.uploads.createUrl(organization, testActor);
    const build = (uploadId: string, organization: OrganizationAccess = world.acme) =>
      world.builds.create(organization, testActor, { uploadId });
    async function bytesOf(buildId: string): Promise<Buffer> {
      const { stream, sizeBytes, sha256 } = await world.builds.openContext(buildId);
      const bytes = await buffer(stream);
      expect(bytes.length).toBe(sizeBytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      return bytes;
    }
    const unread = { status: 400, message: expect.stringContaining('has not received its file') };

    test('the form has text fields only, and an absolute address', async () => {
      const { uploadUrl, uploadFields, expiresAt } = await offer();
      expect(new URL(uploadUrl).protocol).toMatch(/^https?:$/);
      for (const value of Object.values(uploadFields)) expect(value).toEqual(expect.any(String));
      expect(uploadFields['Content-Type']).toBe('application/gzip');
      expect(expiresAt).toBe(new Date(world.clock.now().getTime() + 15 * minuteMs).toISOString());
    });

    test('a posted file becomes a build of exactly these bytes, under the hash that clients work out', async () => {
      const place = await offer();
      expect(await world.post(place, context)).toBeLessThan(300);
      const { build: made, cached } = await build(place.uploadId);
      expect({ cached, status: made.status, size: made.contextSizeBytes, hash: made.contextHash }).toEqual({
        cached: false,
        status: 'pending',
        size: context.length,
        hash: createHash('md5').update(context).digest('hex').slice(0, 16),
      });
      expect(await bytesOf(made.id)).toEqual(context);
    });

    test('before the file has come there is nothing to build; after it, there is', async () => {
      const place = await offer();
      await expect(build(place.uploadId)).rejects.toMatchObject(unread);
      await world.post(place, context);
      await expect(build(place.uploadId)).resolves.toMatchObject({ cached: false });
    });

    test('a form that is used again changes nothing of what was built', async () => {
      const place = await offer();
      await world.post(place, context);
      const { build: first } = await build(place.uploadId);
      await world.post(place, other);
      const { build: again } = await build(place.uploadId);
      expect(again.id).toBe(first.id);
      expect(await bytesOf(first.id)).toEqual(context);
    });

    test('two requests at once make one build', async () => {
      const place = await offer();
      await world.post(place, context);
      const made = await Promise.all([build(place.uploadId), build(place.uploadId), build(place.uploadId)]);
      expect(new Set(made.map(({ build: { id } }) => id)).size).toBe(1);
      expect(await bytesOf(made[0]?.build.id ?? '')).toEqual(context);
    });

    test('the same bytes in another upload are found in the cache', async () => {
      const [one, two] = [await offer(), await offer()];
      await world.post(one, context);
      await world.post(two, context);
      const { build: first } = await build(one.uploadId);
      await world.builds.buildFinished(first.id, 'success', undefined, world.clock.now().toISOString());
      expect(await build(two.uploadId)).toMatchObject({ cached: true, build: { id: first.id } });
    });

    test("another organization can't build it", async () => {
      const place = await offer();
      await world.post(place, context);
      await expect(build(place.uploadId, world.bolt)).rejects.toMatchObject({ status: 400 });
    });

    test.each<[string, () => Buffer]>([
      ['nothing', () => Buffer.alloc(0)],
      ['more than the limit', () => Buffer.alloc(limitBytes + 1, 'x')],
    ])('%s is refused, and the file may still come', async (_name, bytes) => {
      const place = await offer();
      expect(await world.post(place, bytes())).toBeGreaterThanOrEqual(400);
      await expect(build(place.uploadId)).rejects.toMatchObject(unread);
      expect(await world.post(place, context)).toBeLessThan(300);
      expect((await build(place.uploadId)).cached).toBe(false);
    });

    test('exactly the limit is taken', async () => {
      const place = await offer();
      expect(await world.post(place, Buffer.alloc(limitBytes, 'x'))).toBeLessThan(300);
    });

    test.each<[string, (place: UploadUrl) => Record<string, string>]>([
      ['another key', ({ uploadFields }) => ({ ...uploadFields, key: `${uploadFields.key}2` })],
      ['another type', ({ uploadFields }) => ({ ...uploadFields, 'Content-Type': 'text/html' })],
      ['one more field', ({ uploadFields }) => ({ ...uploadFields, acl: 'public-read' })],
      ['one field less', ({ uploadFields }) => Object.fromEntries(Object.entries(uploadFields).slice(0, -1))],
      [
        'a changed last field',
        ({ uploadFields }) => {
          const last = Object.keys(uploadFields).at(-1) ?? '';
          return { ...uploadFields, [last]: '0'.repeat(64) };
        },
      ],
    ])('a form with %s is refused and leaves nothing', async (_name, change) => {
      const place = await offer();
      const status = await world.post({ ...place, uploadFields: change(place) }, context);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      await expect(build(place.uploadId)).rejects.toMatchObject(unread);
    });

    test('a form is good for a quarter of an hour', async () => {
      const [early, late] = [await offer(), await offer()];
      world.clock.advance(15 * minuteMs - 1000);
      expect(await world.post(early, context)).toBeLessThan(300);
      world.clock.advance(1000);
      expect(await world.post(late, context)).toBe(403);
      await expect(build(late.uploadId)).rejects.toMatchObject(unread);
    });

    test('a form that breaks off leaves nothing, and may be sent again', async () => {
      const place = await offer();
      const { url, headers, body } = await world.formOf(place, context);
      await new Promise<void>((resolve) => {
        const half = request(url, { method: 'POST', headers: { ...headers, 'content-length': body.length } });
        half.on('error', () => resolve());
        half.on('close', () => resolve());
        half.write(body.subarray(0, body.length - 100), () => half.destroy());
      });
      await expect(build(place.uploadId)).rejects.toMatchObject(unread);
      await expect.poll(() => world.post(place, context)).toBeLessThan(300);
      expect((await build(place.uploadId)).cached).toBe(false);
    });

    test('a context that is refused starts nothing, and says why', async () => {
      const place = await offer();
      await world.post(place, contextOf({ Dockerfile: 'x', '../evil': 'x' }));
      for (let times = 0; times < 2; times++)
        await expect(build(place.uploadId)).rejects.toMatchObject({
          status: 400,
          message: expect.stringContaining('../evil'),
        });
      expect((await world.builds.list(world.acme.id, {})).total).toBe(0);
    });

    test('the sweep takes what nobody built, posted or not, and leaves what was built', async () => {
      const [empty, posted, read, used] = [await offer(), await offer(), await offer(), await offer()];
      for (const place of [posted, used]) await world.post(place, context);
      await world.post(read, contextOf({ Dockerfile: 'x', '../evil': 'x' }));
      await expect(build(read.uploadId)).rejects.toMatchObject({ status: 400 });
      const { build: kept } = await build(used.uploadId);
      world.clock.advance(16 * minuteMs + 60 * minuteMs);
      await world.uploads.sweep();
      await world.uploads.sweep();
      for (const { uploadId } of [empty, posted, read]) {
        expect(await world.store.builds.uploads.findAny(uploadId)).toBeUndefined();
        await expect(build(uploadId)).rejects.toMatchObject({ status: 400 });
      }
      expect(await bytesOf(kept.id)).toEqual(context);
      expect(await world.files.count()).toBe(1);
    });

    test('what is not there is not found, and may be removed all the same', async () => {
      const id = '550e8400-0000-4000-8000-000000000001';
      const sha256 = '0'.repeat(64);
      expect(await world.files.store.open(id, sha256)).toBeUndefined();
      await world.files.store.remove(id, sha256);
      await world.files.store.removeLeftovers(world.clock.now());
    });

    test.each(['../../etc/passwd', 'x/y', ''])('an id that is none, %j, reaches no file', async (id) => {
      await expect(world.files.store.open(id, '0'.repeat(64))).rejects.toThrow('no UUID');
      await expect(world.files.store.remove(id, undefined)).rejects.toThrow('no UUID');
    });
  });
}
