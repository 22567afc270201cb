import type { PutSecretBody } from '@pipecat-cloud/contract/secrets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import {
  everythingStored,
  openTwoOrganizations,
  type TwoOrganizations,
  testActor,
  testKeys,
} from '../testing/two-organizations.js';
import { createSecretBox } from './secret-box.js';
import { createSecretService, type PutCondition, type SecretService } from './secret-service.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const pull = { isImagePullSecret: true, host: 'https://registry.example.com/v1', secretValue: base64('ann:pässword') };

describe.each(databases)('secret sets on $name', (database) => {
  let world: TwoOrganizations;
  let secrets: SecretService;
  const put = (set: string, body: PutSecretBody) => secrets.put(world.acme, testActor, set, body);
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const box = createSecretBox({ masters: testKeys.masters, clock: world.clock });
    secrets = createSecretService({ ...world, box });
  });
  afterEach(() => world.drop());

  test('one key per call and an array add up; a key that is set again is replaced', async () => {
    expect(await put('prod', { name: 'prod', isImagePullSecret: false, secretKey: 'A', secretValue: '1' })).toEqual({
      region: 'us-west',
    });
    await put('prod', {
      secrets: [
        { secretKey: 'B', secretValue: '2' },
        { secretKey: 'A', secretValue: 'ü\n"3"' },
      ],
    });
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual({ A: 'ü\n"3"', B: '2' });
    expect(await secrets.get('org-a', 'prod')).toEqual({
      secrets: [{ fieldName: 'A' }, { fieldName: 'B' }],
      region: 'us-west',
      status: 'ready',
    });
  });

  test('a version tells that a value was changed, and stays while none is', async () => {
    const version = async () => (await secrets.secretsOf('org-a', 'prod')).secretsVersion;
    await put('prod', { secretKey: 'A', secretValue: 'one' });
    const first = await version();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await version()).toBe(first);
    await put('prod', { secretKey: 'A', secretValue: 'two' });
    expect(await version()).not.toBe(first);
    await secrets.removeKey('org-a', testActor, 'prod', 'A');
    expect(await version()).toBeUndefined();
  });

  test('a pull secret gets its slash, is listed, and shows nothing with exactly the code "400"', async () => {
    await put('registry', pull);
    expect((await world.store.secrets.findSet('org-a', 'registry'))?.host).toBe('https://registry.example.com/v1/');
    expect(await secrets.list(world.acme)).toEqual({
      sets: [{ name: 'registry', type: 'imagePullSecret', region: 'us-west', status: 'ready' }],
    });
    await expect(secrets.get('org-a', 'registry')).rejects.toMatchObject({ status: 400, code: '400' });
    await expect(secrets.secretEnvironment('org-a', 'registry')).rejects.toMatchObject({ status: 400 });
    await expect(secrets.removeKey('org-a', testActor, 'registry', 'credentials')).rejects.toMatchObject({
      status: 400,
    });
  });

  test('a pull secret comes out for a pull of its own organization, and nothing else does', async () => {
    await put('registry', pull);
    await put('prod', { secretKey: 'A', secretValue: '1' });
    expect(await secrets.registryOf('org-a', 'registry')).toEqual({
      host: 'https://registry.example.com/v1/',
      credentials: base64('ann:pässword'),
    });
    for (const [organization, set] of [
      ['org-b', 'registry'],
      ['org-a', 'prod'],
      ['org-a', 'absent'],
    ] as const) {
      expect(await secrets.registryOf(organization, set)).toBeUndefined();
    }
  });

  test.each(['ab', 'Prod', 'a_b', '-abc', 'abc-', 'a..b', 'a.-b', 'x'.repeat(64), 'umläut'])(
    '%s is no name for a set',
    async (name) => {
      await expect(put(name, { secretKey: 'A', secretValue: '1' })).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('3 to 63 lower-case letters'),
      });
    },
  );

  test.each<[string, PutSecretBody]>([
    ['nothing', {}],
    ['a key without a value', { secretKey: 'A' }],
    ['a value without a key', { secretValue: 'canary-7' }],
    [
      'both shapes',
      { secretKey: 'A', secretValue: 'canary-7', secrets: [{ secretKey: 'B', secretValue: 'canary-7' }] },
    ],
    [
      'a key twice',
      {
        secrets: [
          { secretKey: 'A', secretValue: 'canary-7' },
          { secretKey: 'A', secretValue: 'canary-7' },
        ],
      },
    ],
    ['a NUL', { secretKey: 'A', secretValue: 'canary-7\0' }],
    ['another name in the body', { name: 'other', secretKey: 'A', secretValue: 'canary-7' }],
    ['an unknown region', { secretKey: 'A', secretValue: 'canary-7', region: 'mars' }],
    ['a host without a pull secret', { secretKey: 'A', secretValue: 'canary-7', host: 'h' }],
    ['a pull secret without host', { isImagePullSecret: true, secretValue: pull.secretValue }],
    ['a pull secret without value', { isImagePullSecret: true, host: 'h' }],
    ['a pull secret with a key', { ...pull, secretKey: 'A' }],
    ['a pull value that is no base64', { ...pull, secretValue: 'canary-7:pass' }],
    ['a pull value without a colon', { ...pull, secretValue: base64('canary-7') }],
    ['a pull value without a password', { ...pull, secretValue: base64('canary-7:') }],
    ['a host with a space', { ...pull, host: 'a b' }],
  ])('a body with %s is refused, keeps nothing, and the refusal does not repeat the value', async (_what, body) => {
    const refusal = await put('prod', body).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(refusal).toMatchObject({ status: 400 });
    expect(JSON.stringify([refusal, refusal?.message, refusal?.stack])).not.toMatch(/canary-7|Y2FuYXJ5/);
    expect(await secrets.list(world.acme)).toEqual({ sets: [] });
  });

  test('type and region are for life', async () => {
    await put('prod', { secretKey: 'A', secretValue: '1' });
    await put('registry', pull);
    await expect(put('prod', pull)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('is of type secret'),
    });
    await expect(put('registry', { secretKey: 'A', secretValue: '1' })).rejects.toMatchObject({ status: 400 });
    await world.db.updateTable('secret_set').set({ region: 'eu-central' }).where('name', '=', 'prod').execute();
    const moved = put('prod', { secretKey: 'A', secretValue: '1', region: 'us-west' });
    await expect(moved).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("is in region 'eu-central'"),
    });
    expect((await secrets.list(world.acme, 'us-west')).sets.map(({ name }) => name)).toEqual(['registry']);
    await expect(secrets.get('org-a', 'prod', 'us-west')).rejects.toMatchObject({ status: 404 });
  });

  test('the 201st key and too many bytes are refused and nothing of that call is kept', async () => {
    const many = Array.from({ length: 200 }, (_, n) => ({ secretKey: `K${n}`, secretValue: 'v' }));
    await put('prod', { secrets: many });
    await expect(put('prod', { secretKey: 'ONE_MORE', secretValue: 'v' })).rejects.toMatchObject({ status: 400 });
    expect((await secrets.get('org-a', 'prod')).secrets).toHaveLength(200);
    const large = Array.from({ length: 9 }, (_, n) => ({ secretKey: `K${n}`, secretValue: 'v'.repeat(65_536) }));
    await expect(put('large', { secrets: large })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('KiB'),
    });
    await expect(secrets.get('org-a', 'large')).rejects.toMatchObject({ status: 404 });
  });

  test('keys and sets are deleted once; what is absent is 404', async () => {
    await put('prod', { secretKey: 'A', secretValue: '1' });
    await secrets.removeKey('org-a', testActor, 'prod', 'A');
    await expect(secrets.removeKey('org-a', testActor, 'prod', 'A')).rejects.toMatchObject({ status: 404 });
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual({});
    await secrets.removeSet('org-a', testActor, 'prod');
    await expect(secrets.removeSet('org-a', testActor, 'prod')).rejects.toMatchObject({ status: 404 });
    await expect(secrets.get('org-a', 'prod')).rejects.toMatchObject({ status: 404 });
    expect(await world.db.selectFrom('secret_value').selectAll().execute()).toEqual([]);
  });

  test('another organization sees, changes and deletes nothing', async () => {
    await put('prod', { secretKey: 'A', secretValue: 'of acme' });
    expect(await secrets.list(world.bolt)).toEqual({ sets: [] });
    const absent = { status: 404 };
    await expect(secrets.get('org-b', 'prod')).rejects.toMatchObject(absent);
    await expect(secrets.removeKey('org-b', testActor, 'prod', 'A')).rejects.toMatchObject(absent);
    await expect(secrets.removeSet('org-b', testActor, 'prod')).rejects.toMatchObject(absent);
    await expect(secrets.secretEnvironment('org-b', 'prod')).rejects.toMatchObject(absent);
    await secrets.put(world.bolt, testActor, 'prod', { secretKey: 'A', secretValue: 'of bolt' });
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual({ A: 'of acme' });
    const { id } = (await world.store.secrets.findSet('org-a', 'prod')) ?? { id: '' };
    expect(await world.store.secrets.values('org-b', id)).toEqual([]);
    expect(await world.store.secrets.removeValue('org-b', id, 'A')).toBe(false);
  });

  test('concurrent keys of a new set all arrive', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `K${n}`);
    await Promise.all(names.map((secretKey) => put('prod', { secretKey, secretValue: secretKey })));
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual(
      Object.fromEntries(names.map((name) => [name, name])),
    );
  });

  test('a put may be only for a set that is there, or only for one that is not: otherwise nothing is kept', async () => {
    const only = (condition: PutCondition) =>
      secrets.put(world.acme, testActor, 'prod', { secretKey: 'B', secretValue: '2' }, condition);
    await expect(only({ ifThere: true })).rejects.toMatchObject({ status: 412, code: '412' });
    expect(await secrets.list(world.acme)).toEqual({ sets: [] });
    await put('prod', { secretKey: 'A', secretValue: '1' });
    await expect(only({ ifAbsent: true })).rejects.toMatchObject({ status: 412, code: '412' });
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual({ A: '1' });
    await only({ ifThere: true });
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual({ A: '1', B: '2' });
    await secrets.removeSet('org-a', testActor, 'prod');
    await only({ ifAbsent: true });
    expect(await secrets.secretEnvironment('org-a', 'prod')).toEqual({ B: '2' });
    expect((await world.store.audit.list('org-a', 10)).map(({ action }) => action)).toEqual([
      'secret.set_created',
      'secret.set_deleted',
      'secret.set_changed',
      'secret.set_created',
    ]);
  });

  test('no value is stored in clear, changes are audited by name', async () => {
    await put('prod', { secretKey: 'A', secretValue: 'canary-value-1' });
    await put('registry', { ...pull, secretValue: base64('ann:canary-value-2') });
    const stored = await everythingStored(world);
    for (const canary of ['canary-value-1', 'canary-value-2']) {
      for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
        expect(stored).not.toContain(Buffer.from(canary).toString(encoding));
      }
    }
    expect(stored).not.toContain(base64('ann:canary-value-2'));
    const [first] = (await world.store.audit.list('org-a', 10)).filter(({ target }) => target === 'prod');
    expect(first).toMatchObject({ action: 'secret.set_created', actorId: 'u1', detail: { keys: ['A'] } });
  });
});
