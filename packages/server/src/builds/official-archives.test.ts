import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { testActor } from '../testing/two-organizations.js';

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');

/**
 * The three files of the test vector (contract §10.2) as the official clients pack them: `Dockerfile`, `bot.py` and the executable
 * `sub/run.sh`. The sums are those of the contract, so these are their archives to the byte.
 */
const archives = [
  {
    client: 'the command line',
    tarMd5: 'ddb2f645f05404ebd5c13f9755bea33d',
    hash: 'aa772e7f6f3c941c',
    gzip: 'H4sIAAAAAAAC/+3VvQ6CMBRA4c4+BeKiC1T++gLGzZj4BkAwNBogbRl8ewmLCYNOkBjOt9zmLnc66aktH5W562clZiMHWZKMczCdUh7Tz3vcKxXHwpNiAb11uRlOinU6364Xz5Ymd2W9EVibonVB95r3xu/+k2n/UmX0v4TO6Mbt/Vr7B/JfIdsXoembwNbz9q/S9Ev/0bT/TEX0v4TdNix0E1o+fwAAAAAAAAAAAAD4b29UZbxQACgAAA==',
  },
  {
    client: 'the GitHub Action',
    tarMd5: 'e3575aa3ed757b0f7f3e7e09459ae14c',
    hash: '7c52d2bf6a1eb152',
    gzip: 'H4sIAAAAAAAAA+3VsQ6CMBAGYGafouKiC/0LFF/AuBkT3wAIhkZSSFsG3944kWCig2mN4b7lxv9u+HOHvr415qq6JvIGQJHn7DkBzCcAIRkmDEIImbEI/laajNaVJsLXWfPj/sTxcj4xW5vS1e3q18uQ4KreJcPdb8bn/uez/iMTBfU/hMEo7bZxq+Id1X+B7FhxM+rEtv4yAOylfNf/9OX/i5T6H8JmzSuluaXnTwghy/IAfHcGOAAQAAA=',
  },
].map((archive) => ({ ...archive, bytes: Buffer.from(archive.gzip, 'base64') }));

describe.each(databases)('archives of official clients on $name', (database) => {
  let world: BuildWorld;
  beforeEach(async () => {
    world = await openBuildWorld(database);
  });
  afterEach(() => world.end());

  test.each(archives)('that of $client is taken, under the hash that it looks up', async ({ bytes, tarMd5, hash }) => {
    expect(md5(gunzipSync(bytes))).toBe(tarMd5);
    const uploadId = await world.upload(world.acme, bytes);
    const { build } = await world.builds.create(world.acme, testActor, { uploadId, dockerfilePath: 'Dockerfile' });
    expect(build).toMatchObject({ contextHash: hash, contextSizeBytes: bytes.length });
    await world.builds.buildFinished(build.id, 'success', undefined, world.clock.now().toISOString());
    // The command line asks without the Dockerfile's path, the Action with it and perhaps without a region (contract §10.1).
    for (const more of [{ region: 'us-west' }, { dockerfilePath: 'Dockerfile' }, {}]) {
      const query = { contextHash: hash, status: 'success', limit: 1, ...more } as const;
      expect(await world.builds.list(world.acme.id, query)).toMatchObject({ total: 1, builds: [{ id: build.id }] });
    }
  });

  test('the two are never one build, though the files are the same', async () => {
    const made = [];
    for (const { bytes } of archives) {
      const { build, cached } = await world.builds.create(world.acme, testActor, {
        uploadId: await world.upload(world.acme, bytes),
      });
      expect(cached).toBe(false);
      await world.builds.buildFinished(build.id, 'success', undefined, world.clock.now().toISOString());
      made.push(build.id);
    }
    expect(new Set(made).size).toBe(2);
  });
});
