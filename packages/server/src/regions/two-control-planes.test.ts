import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness, type Member } from '../testing/harness.js';

const postgres = scratchDatabases.find(({ name }) => name === 'PostgreSQL');
const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });

describe.skipIf(!postgres)('a region is deleted at one of two control planes', () => {
  let drop: () => Promise<void>;
  let here: Harness;
  let there: Harness;
  let admin: Member;
  let worker: FakeWorker | undefined;

  beforeEach(async () => {
    const database = await (postgres ?? scratchDatabases[0])?.create();
    drop = database?.drop ?? (async () => {});
    const databaseUrl = database?.url ?? '';
    here = await harness({ clock: systemClock, databaseUrl });
    there = await harness({ clock: systemClock, databaseUrl, directory: here.directory });
    admin = await (await here.organization('ours')).member('admin');
  });
  afterEach(async () => {
    worker?.disconnect();
    worker = undefined;
    await there.end();
    await here.end();
    await drop();
  });

  const call = (plane: Harness, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
    plane.call(admin.token, method, `/v1/organizations/ours${path}`, body);
  const register = () => call(here, 'POST', '/regions', { regionKey: 'lab' });

  test('its worker is turned away by the one that it has dialled', async () => {
    await register();
    const { body } = await call(here, 'POST', '/regions/lab/enrollment-tokens', {});
    // That which runs the agents: the other one takes no worker.
    const url = await here.http.listen({ port: 0, host: '127.0.0.1' });
    worker = await createFakeWorker({ url, enrolmentToken: body.token });
    expect(worker.isConnected()).toBe(true);
    expect((await call(there, 'DELETE', '/regions/lab')).status).toBe(200);
    await until(() => expect(worker?.isConnected()).toBe(false));
    await expect(worker.connect()).rejects.toThrow('401');
  });

  test('an agent that is made there at that moment keeps it, or is refused', async () => {
    const outcomes = new Set<string>();
    // One begins a little later than the other, each in turn and each time more, until both have been first.
    for (let round = 0; outcomes.size < 2; round++) {
      await register();
      const service = { serviceName: `bot-${round}`, image: 'example/bot:1', region: 'lab' };
      const work = [
        () => call(there, 'POST', '/services', service),
        () => call(here, 'DELETE', '/regions/lab'),
      ] as const;
      const [first, second] = round % 2 === 0 ? work : work.toReversed();
      const begun = first?.();
      for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
      const answers = [await second?.(), await begun];
      const [removed, made] = round % 2 === 0 ? answers : answers.toReversed();
      if (!removed || !made) throw new Error('both were asked');
      expect(['200,400', '409,200']).toContain(`${removed.status},${made.status}`);
      outcomes.add(`${removed.status},${made.status}`);
      expect((await call(here, 'GET', '/regions/lab')).status).toBe(made.status === 200 ? 200 : 404);
      if (made.status === 200) expect((await call(here, 'DELETE', `/services/bot-${round}`)).status).toBe(200);
    }
  });
});
