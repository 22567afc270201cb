import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DriverError } from '../../drivers/driver.js';
import type { Engine } from '../../engine/engine.js';
import { never, orderOf } from '../../testing/driver-tools.js';
import { createImageSetup, type ImageSetup, imageContext } from '../../testing/image-builder-setup.js';
import { type StandInRegistry, startRegistry } from '../../testing/stand-in-registry.js';
import { onPodman, testEngineUrl } from '../../testing/test-images.js';
import { createImageBuilder, type ImageBuilder } from './image-builder.js';

const password = 'hush-hush-password';
const login = `ann:${password}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

const builders = [
  { builder: 'BuildKit', buildKit: true },
  { builder: 'the classic builder', buildKit: false },
];

describe.skipIf(!testEngineUrl || onPodman).each(builders)('a private base image, with $builder', ({ buildKit }) => {
  let registry: StandInRegistry;
  let setup: ImageSetup;
  let lines: string[];
  let architecture: string;
  beforeAll(async () => {
    registry = await startRegistry({ credentials: login });
  });
  afterAll(() => registry.close());
  beforeEach(async () => {
    lines = [];
    setup = await createImageSetup({ buildKit });
    architecture = (await setup.engine.version()).Arch;
  });
  afterEach(() => setup.close());

  /** An image that nobody has pulled yet. */
  function put() {
    const name = `team/base-${randomUUID()}`;
    const digest = registry.put(`${name}:1`, randomUUID(), { architecture });
    return { image: `${registry.host}/${name}:1`, pinned: `${registry.host}/${name}@${digest}` };
  }
  /** Its program lies at a place of its own: of steps that are alike in two builds at once, BuildKit tells one of them nothing. */
  function mounting(name: string): string {
    const program = `/${randomUUID()}/busybox`;
    const run = JSON.stringify([program, 'ls', '/from']);
    return `FROM scratch\nCOPY busybox ${program}\nRUN --mount=from=${name},target=/from ${run}\n`;
  }
  /** Dockerfiles that name an image in each way there is. */
  const uses = (name: string) => [
    `FROM ${name}\nENV A=b\n`,
    `FROM scratch\nCOPY --from=${name} /content /\n`,
    ...(buildKit ? [mounting(name)] : []),
  ];
  const withSet = (credentials = login, host = `http://${registry.host}/`) => ({
    registry: { host, credentials: base64(credentials) },
  });
  async function build(dockerfile: string, change: Partial<BuildOrder> = {}, builder = setup.builder) {
    const context = await imageContext(dockerfile);
    const order = orderOf(context, change);
    const source = async () => Readable.from([context]);
    await builder.build(order, source, (text) => lines.push(text), never);
    return order.buildId;
  }
  async function refusal(dockerfile: string, change?: Partial<BuildOrder>, builder?: ImageBuilder) {
    const error = await build(dockerfile, change, builder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DriverError);
    return error as DriverError;
  }

  test('is had with the set that names its registry, and leaves nothing of the password', async () => {
    const { image } = put();
    const buildId = await build(`FROM ${image}\nENV A=b\n`, withSet());
    for (const name of [put().image, put().pinned]) {
      for (const dockerfile of uses(name)) await build(dockerfile, withSet());
    }
    const id = await setup.builder.imageOf(buildId);
    const inspected = await setup.engine.request('GET', `/images/${id}/json`);
    const history = await setup.engine.request('GET', `/images/${id}/history`);
    const left = JSON.stringify([inspected, history, lines]);
    expect(left).not.toContain(password);
    expect(left).not.toContain(base64(login));
  });

  test('is refused without a set, with one of another registry, and with one that may not', async () => {
    const { image } = put();
    for (const change of [{}, withSet(login, 'other.example.com/'), withSet('ann:wrong-password')]) {
      const error = await refusal(`FROM ${image}\nENV A=b\n`, change);
      expect(error.code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
      // Of one that it has refused a login for, the classic builder does not tell the name.
      expect([image, 'the base image']).toContain(error.message.split(' does not exist')[0]);
      expect(error.message).toContain('--build-credentials');
      expect(`${error.message} ${error.cause} ${lines}`).not.toContain('wrong-password');
    }
  });

  test('is not had by an organization without the set once another one has pulled it', async () => {
    const { image, pinned } = put();
    await build(`FROM ${image}\nENV A=b\n`, { organizationId: 'acme', ...withSet() });
    for (const name of [image, pinned]) {
      for (const dockerfile of uses(name)) {
        const error = await refusal(dockerfile, { organizationId: 'bolt' });
        expect(error.code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
      }
    }
  });

  test('is not had by its digest where the engine is quicker than the registry', async () => {
    const { image, pinned } = put();
    await build(`FROM ${image}\nENV A=b\n`, { organizationId: 'acme', ...withSet() });
    const answered = Promise.withResolvers<void>();
    const { engine } = setup;
    const slow: Engine = {
      ...engine,
      async request<T>(...[method, path, request]: Parameters<Engine['request']>) {
        if (path.startsWith('/distribution/')) await answered.promise;
        return await engine.request<T>(method, path, request);
      },
    };
    const builder = await createImageBuilder({ ...setup.options, engine: slow });
    const dockerfile = `ARG IMAGE=${pinned.slice(0, -3)}\nFROM \${IMAGE}${pinned.slice(-3)}\nENV A=b\n`;
    const buildId = `b-${randomUUID()}`;
    let over = false;
    const refused = refusal(dockerfile, { buildId, organizationId: 'bolt' }, builder).finally(() => {
      over = true;
    });
    // Later engines than some may ask by themselves.
    const through = async () => expect(over || (await builder.imageOf(buildId)) !== undefined).toBe(true);
    await vi.waitFor(through, { interval: 20 });
    answered.resolve();
    expect((await refused).code).toBe('PCC_IMAGE_PULL_UNAUTHORIZED');
    expect(await builder.imageOf(buildId)).toBeUndefined();
    await builder.close();
  });
});
