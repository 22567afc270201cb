import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';

describe.each(databases)('the sets of builds on $name', (database) => {
  let world: BuildWorld;
  let count: number;
  beforeEach(async () => {
    world = await openBuildWorld(database);
    count = 0;
  });
  afterEach(() => world.end());

  const at = () => world.clock.now().toISOString();
  const get = (id: string) => world.builds.get(world.acme.id, id);
  const context = () => contextOf({ Dockerfile: `FROM scratch\n# ${count++}\n` });
  async function create(
    content: Buffer,
    more: { secretSet?: string; imagePullSecretSet?: string } = {},
    organization = world.acme,
  ) {
    const uploadId = await world.upload(organization, content);
    return (await world.builds.create(organization, testActor, { uploadId, ...more })).build.id;
  }
  async function succeeded(content: Buffer) {
    const id = await create(content);
    await world.builds.buildFinished(id, 'success', undefined, at());
    return id;
  }
  const deployer = () => ({ ...world.acme, permissions: new Set(['agents:deploy'] as const) });
  const addSet = (name: string, change = {}) =>
    world.store.secrets.insertSet(
      world.acme.id,
      { id: `set-${name}`, name, type: 'secret', region: 'us-west', host: null, source: 'managed', ...change },
      world.clock.now(),
    );

  describe('an image pull secret set', () => {
    const withSet = async (name: string, content = context(), organization = deployer()) =>
      create(content, { imagePullSecretSet: name }, organization);

    test('needs the permission to deploy, must be there, of its kind, in its region and ready', async () => {
      await addSet('ghcr', { type: 'imagePullSecret' });
      await addSet('tokens');
      await addSet('far', { type: 'imagePullSecret', region: 'elsewhere' });
      await expect(withSet('ghcr', context(), world.acme as never)).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining('agents:deploy'),
      });
      await expect(withSet('nothing')).rejects.toMatchObject({ status: 404 });
      await expect(withSet('a\0b')).rejects.toMatchObject({ status: 404 });
      await expect(withSet('tokens')).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('is of type secret; a imagePullSecret is needed here'),
      });
      await expect(withSet('far')).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining("region 'elsewhere', the build in"),
      });
      world.setReadiness({ status: 'failed', errorMessage: 'Restore the key' });
      await expect(withSet('ghcr')).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining('is not ready (failed). Restore the key'),
      });
      world.setReadiness({ status: 'ready' });
      expect((await get(await withSet('ghcr'))).imagePullSecretSet).toBe('ghcr');
      expect((await world.store.audit.list(world.acme.id, 1))[0]).toMatchObject({
        action: 'build.created',
        detail: { imagePullSecretSet: 'ghcr' },
      });
    });

    test('makes it another build than one without, or with another, also while both are under way', async () => {
      await addSet('ghcr', { type: 'imagePullSecret' });
      await addSet('hub', { type: 'imagePullSecret' });
      const content = context();
      const [plain, ghcr] = [await create(content), await withSet('ghcr', content)];
      expect(ghcr).not.toBe(plain);
      expect(await withSet('ghcr', content)).toBe(ghcr);
      for (const id of [plain, ghcr]) await world.builds.buildFinished(id, 'success', undefined, at());
      expect(await withSet('ghcr', content)).toBe(ghcr);
      expect(await create(content)).toBe(plain);
      expect([plain, ghcr]).not.toContain(await withSet('hub', content));
    });
  });

  describe('a secret set', () => {
    const withSet = async (name: string, content = context(), organization = deployer()) =>
      create(content, { secretSet: name }, organization);

    test('needs the permission to deploy, must be there, of its kind and in its region', async () => {
      await addSet('tokens');
      await addSet('pull', { type: 'imagePullSecret' });
      await addSet('far', { region: 'elsewhere' });
      await expect(withSet('tokens', context(), world.acme as never)).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining('agents:deploy'),
      });
      await expect(withSet('nothing')).rejects.toMatchObject({ status: 400 });
      await expect(withSet('a\0b')).rejects.toMatchObject({ status: 400 });
      await expect(withSet('pull')).rejects.toMatchObject({ message: expect.stringContaining('imagePullSecret') });
      await expect(withSet('far')).rejects.toMatchObject({ message: expect.stringContaining("region 'elsewhere'") });
      expect((await get(await withSet('tokens'))).secretSet).toBe('tokens');
    });

    test('makes it another build than the one without', async () => {
      await addSet('tokens');
      const content = context();
      const plain = await succeeded(content);
      const secret = await withSet('tokens', content);
      expect(secret).not.toBe(plain);
      await world.builds.buildFinished(secret, 'success', undefined, at());
      expect(await withSet('tokens', content)).toBe(secret);
      expect(await create(content)).toBe(plain);
    });
  });
});
