import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { never, orderOf, specOf } from '../testing/driver-tools.js';
import { contextOf, createProcessSetup, type ProcessSetup } from '../testing/process-driver-setup.js';
import { contextKind } from './context-kind.js';
import { type Driver, DriverError } from './driver.js';
import { createSideBySide } from './side-by-side.js';

const localSection = '[local]\ncommand = ["node", "-e", "setInterval(() => {}, 1000)"]\n';

test.each([
  ['local', { 'pcc-deploy.toml': localSection, Dockerfile: 'FROM x' }],
  ['image', { Dockerfile: 'FROM x', 'pcc-deploy.toml': 'agent_name = "a"' }],
  ['bare', { 'bot.py': '' }],
  ['bare', { 'Dockerfile.other': 'FROM x' }],
])('a context is %s by its files', async (kind, files) => {
  const bytes = await contextOf(files as Record<string, string>);
  expect(await contextKind(async () => Readable.from([bytes]), './Dockerfile', never)).toBe(kind);
});

test('what can not be read is for the builder of images, which says what is wrong', async () => {
  expect(await contextKind(async () => Readable.from([Buffer.from('x')]), 'Dockerfile', never)).toBe('image');
});

describe('containers and processes side by side', () => {
  let setup: ProcessSetup;
  /** Of the containers, what they were asked for: they are a stand-in that records it. */
  let asked: string[];
  const containers = () =>
    new Proxy({ kind: 'docker' } as Driver, {
      get: (target, name: keyof Driver) =>
        name === 'kind'
          ? target.kind
          : async (first: unknown) => {
              asked.push(`${name} ${typeof first === 'string' ? first : ''}`.trim());
              return name === 'list' ? [] : undefined;
            },
    });
  beforeEach(async () => {
    asked = [];
    setup = await createProcessSetup();
  });
  afterEach(() => setup.close());
  const build = async (driver: Driver, files: Record<string, string>) => {
    const bytes = await contextOf(files);
    const order = orderOf(bytes, { contextSha256: createHash('sha256').update(bytes).digest('hex') });
    await driver.build(
      order,
      async () => Readable.from([bytes]),
      () => undefined,
      never,
    );
    return order.buildId;
  };

  test('an instance runs where its build was made, and is looked after there', async () => {
    const driver = await createSideBySide({ containers: containers(), processes: setup.driver, localAgents: true });
    const local = specOf(await build(driver, { 'pcc-deploy.toml': localSection }));
    const image = specOf(await build(driver, { Dockerfile: 'FROM x' }));
    await driver.ensure(local, never);
    await driver.ensure(image, never);
    expect(asked).toEqual(['build', 'ensure']);
    expect((await driver.list()).map(({ instanceId }) => instanceId)).toEqual([local.instanceId]);
    await driver.kill(local.instanceId, { graceSeconds: 0 });
    await driver.kill(image.instanceId, { graceSeconds: 0 });
    expect(asked).toEqual(['build', 'ensure', 'list', `kill ${image.instanceId}`]);
  });

  test('whether an instance runs is asked of the engine for a container, and of nobody for a process', async () => {
    const driver = await createSideBySide({ containers: containers(), processes: setup.driver, localAgents: true });
    const local = specOf(await build(driver, { 'pcc-deploy.toml': localSection }));
    await driver.ensure(local, never);
    asked = [];
    expect(await driver.runs?.(local.instanceId)).toBe(true);
    expect(asked).toEqual([]);
    await driver.runs?.('in-a-container');
    expect(asked).toEqual(['runs in-a-container']);
    await driver.remove(local.instanceId, { graceSeconds: 0 });
  });

  test('with docker alone nothing new runs as a process, and what does is removed as ever', async () => {
    const spec = specOf(await setup.build({ 'pcc-deploy.toml': localSection }));
    await setup.driver.ensure(spec, never);
    const driver = await createSideBySide({ containers: containers(), processes: setup.driver, localAgents: false });
    await driver.ensure(specOf(spec.source.type === 'build' ? spec.source.buildId : ''), never);
    expect(asked).toEqual(['ensure']);
    await expect(build(driver, { 'bot.py': '' })).rejects.toBeInstanceOf(DriverError);
    await driver.remove(spec.instanceId, { graceSeconds: 0 });
    expect(await setup.driver.list()).toEqual([]);
  });
});
