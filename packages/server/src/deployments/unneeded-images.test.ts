import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';
import { imagesOf } from '../workers/worker-message.js';

const digestOf = (image: string) => `sha256:${Buffer.from(image).toString('hex').padEnd(64, '0')}`;
const pulled = (image: string) => ({ name: 'example/bot', digest: digestOf(image) });

describe.each(scratchDatabases)('images that a worker has not used for long, on $name', (database) => {
  let world: PoolWorld;
  beforeEach(async () => {
    world = await openPoolWorld(database);
    world.worker.behaviour.digestOf = digestOf;
  });
  afterEach(() => world.close());

  const forgotten = () =>
    world.worker.commands.flatMap((command) => (command.do === 'forget-image' ? [command.image] : []));
  async function deploy(image: string, method: 'POST' | 'PUT' = 'PUT'): Promise<void> {
    await world.deploy({ minAgents: 0, maxAgents: 1 }, { image }, method);
    // The digest is kept with the deployment a moment after its instance is seen.
    await until(async () => {
      const { deployments } = world.server.store;
      const { id } = (await world.call('GET', '/bot')).body.body;
      expect((await deployments.listOfAgent(world.org.id, id))[0]?.imageDigest).toBe(digestOf(image));
    });
  }

  test('stay as long as a deployment may be run again; what no agent runs any more is forgotten', async () => {
    await deploy('example/bot:1', 'POST');
    await deploy('example/bot:2');
    const images = ['example/bot:1', 'example/bot:2', 'example/strange:1'].map(pulled);
    world.worker.send({ type: 'unused-images', images });
    await until(() => expect(forgotten()).toEqual([pulled('example/strange:1')]));
    const { deployments } = world.server.store;
    expect(await deployments.unneededImages(images, world.org.id)).toEqual([pulled('example/strange:1')]);
    const other = await world.server.organization('other');
    expect(await deployments.unneededImages(images, other.id)).toEqual(images);
    await world.call('DELETE', '/bot');
    await until(async () => expect(await deployments.unneededImages(images)).toEqual(images));
  });

  test('of more deployments than an agent goes back to at once, the oldest is forgotten', async () => {
    await deploy('example/bot:0', 'POST');
    const { deployments } = world.server.store;
    const { id } = (await world.call('GET', '/bot')).body.body;
    const [first] = await deployments.listOfAgent(world.org.id, id);
    if (!first) throw new Error('nothing was deployed');
    for (let number = 1; number <= 11; number++) {
      const imageDigest = digestOf(`example/bot:${number}`);
      const createdAt = new Date(Date.parse(first.createdAt) + number).toISOString();
      await deployments.insert({ ...first, id: `d-${number}`, imageDigest, createdAt });
    }
    const images = Array.from({ length: 12 }, (_, number) => pulled(`example/bot:${number}`));
    // The first is live, the second is the eleventh newest.
    expect(await deployments.unneededImages(images)).toEqual([pulled('example/bot:1')]);
  });
});

test('what a worker names is looked at before anything else', () => {
  const lies = [null, 1, {}, { name: 1, digest: digestOf('a') }, { name: 'a', digest: 'latest' }];
  expect(imagesOf([...lies, { ...pulled('a'), more: 1 }])).toEqual([pulled('a')]);
  for (const images of ['x', null, undefined, {}]) expect(imagesOf(images)).toEqual([]);
});
