import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describeDriver } from './contracts/driver.js';
import { never, orderOf } from './driver-tools.js';
import { createFakeWorld } from './fake-driver.js';

describeDriver('fake', async () => {
  const world = createFakeWorld();
  const context = gzipSync('anything');
  const order = orderOf(context);
  let driver = world.open();
  await driver.build(
    order,
    async () => Readable.from([context]),
    () => undefined,
    never,
  );
  return {
    driver,
    buildId: order.buildId,
    context,
    async restart() {
      await driver.close();
      driver = world.open();
      return driver;
    },
    print: async ({ instanceId }, output) => world.print(instanceId, output),
    exit: async ({ instanceId }, code) => world.exit(instanceId, code),
    close: async () => world.close(),
  };
});
