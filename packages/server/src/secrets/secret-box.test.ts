import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import {
  everythingStored,
  openTwoOrganizations,
  type TwoOrganizations,
  testKeys,
} from '../testing/two-organizations.js';
import { createSecretBox, type SecretBox } from './secret-box.js';

const context = ['secret', 'prod', 'TOKEN'] as const;

/** What somebody with the master key could do: the same data key, wrapped for another organization. */
function rewrap(wrapped: string, from: string, to: string): string {
  const [version, id, ...parts] = wrapped.split('.') as [string, string, ...string[]];
  const [iv, tag, text] = parts.map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer];
  const master = Buffer.alloc(32, 2);
  const boundTo = (organization: string) => Buffer.from(JSON.stringify(['data-key', organization, id]));
  const decipher = createDecipheriv('aes-256-gcm', master, iv).setAAD(boundTo(from)).setAuthTag(tag);
  const key = Buffer.concat([decipher.update(text), decipher.final()]);
  const freshIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', master, freshIv).setAAD(boundTo(to));
  const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
  return [version, id, ...[freshIv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
}

describe.each(databases)('secret box on $name', (database) => {
  let world: TwoOrganizations;
  let box: SecretBox;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    box = createSecretBox({ masters: testKeys.masters, clock: world.clock });
  });
  afterEach(() => world.drop());

  test('opens what it sealed, and never seals the same text to the same bytes', async () => {
    const first = await box.seal(world.store, 'org-a', context, 'wert 🔑');
    const second = await box.seal(world.store, 'org-a', context, 'wert 🔑');
    expect(first).toMatch(/^v1\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
    expect(first).not.toBe(second);
    expect(await box.open(world.store, 'org-a', context, first)).toBe('wert 🔑');
  });

  test.each([
    ['another organization', 'org-b', context],
    ['another set', 'org-a', ['secret', 'test', 'TOKEN']],
    ['another field', 'org-a', ['secret', 'prod', 'OTHER']],
    ['another kind', 'org-a', ['apiKey', 'prod']],
    ['names that read the same when joined', 'org-a', ['secret', 'prodT', 'OKEN']],
  ] as const)('a value that was moved to %s does not open', async (_where, organization, moved) => {
    await box.seal(world.store, 'org-b', context, 'so that the other organization has a key');
    const sealed = await box.seal(world.store, 'org-a', context, 'value');
    await expect(box.open(world.store, organization, moved, sealed)).rejects.toThrow('does not open');
  });

  test('a data key does not unwrap for another organization', async () => {
    await box.seal(world.store, 'org-a', context, 'value');
    const own = await world.store.secrets.dataKey('org-a');
    await world.store.secrets.insertDataKey('org-b', own as string, world.clock.now());
    await expect(box.seal(world.store, 'org-b', context, 'value')).rejects.toThrow('does not open');
  });

  test('even under the same data key a value of another organization does not open', async () => {
    const sealed = await box.seal(world.store, 'org-a', context, 'value');
    const wrapped = await world.store.secrets.dataKey('org-a');
    await world.store.secrets.insertDataKey('org-b', rewrap(wrapped as string, 'org-a', 'org-b'), world.clock.now());
    const theirs = await box.seal(world.store, 'org-b', context, 'theirs');
    expect(await box.open(world.store, 'org-b', context, theirs)).toBe('theirs');
    await expect(box.open(world.store, 'org-b', context, sealed)).rejects.toThrow('does not open');
  });

  test('a changed byte, a cut tag and another version are refused without saying the value', async () => {
    const sealed = await box.seal(world.store, 'org-a', context, 'value');
    const [version, iv, tag, text] = sealed.split('.') as [string, string, string, string];
    const flipped = Buffer.from(text, 'base64url');
    flipped[0] = (flipped[0] as number) ^ 1;
    for (const bad of [
      [version, iv, tag, flipped.toString('base64url')],
      [version, iv, tag.slice(0, 11), text],
      [version, iv, tag],
      ['v2', iv, tag, text],
    ]) {
      await expect(box.open(world.store, 'org-a', context, bad.join('.'))).rejects.toThrow(
        /damaged|does not open|version/,
      );
    }
  });

  test('a new master key wraps the data key again, and the old one is then not needed', async () => {
    const sealed = await box.seal(world.store, 'org-a', context, 'value');
    const newer = { id: 'mas2', key: Buffer.alloc(32, 3) };
    const both = createSecretBox({ masters: [newer, ...testKeys.masters], clock: world.clock });
    expect(await both.open(world.store, 'org-a', context, sealed)).toBe('value');
    expect(await world.store.secrets.dataKey('org-a')).toMatch(/^v1\.mas2\./);
    const onlyNew = createSecretBox({ masters: [newer], clock: world.clock });
    expect(await onlyNew.open(world.store, 'org-a', context, sealed)).toBe('value');
    await expect(box.open(world.store, 'org-a', context, sealed)).rejects.toThrow('needs master key mas2');
  });

  test('many first values at once share one data key', async () => {
    const sealed = await Promise.all(
      Array.from({ length: 8 }, (_, n) => box.seal(world.store, 'org-a', context, `v${n}`)),
    );
    const opened = await Promise.all(sealed.map((text) => box.open(world.store, 'org-a', context, text)));
    expect(opened).toEqual(Array.from({ length: 8 }, (_, n) => `v${n}`));
  });

  test('neither value nor key is stored in clear', async () => {
    await box.seal(world.store, 'org-a', context, 'canary-value');
    const stored = await everythingStored(world);
    expect(stored).toContain('v1.mas1.');
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      expect(stored).not.toContain(testKeys.masters[0]?.key.toString(encoding));
    }
  });
});
