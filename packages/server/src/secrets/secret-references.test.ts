import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness, type Member } from '../testing/harness.js';

let server: Harness;
let admin: Member;
let worker: FakeWorker;
let secretSets: string[];
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const call = (method: Method, path: string, body?: unknown) =>
  server.call(admin.token, method, `/v1/organizations/ours${path}`, body);
const refer = (name: string, region = 'pce-lab') => call('POST', '/secrets/references', { name, region });

beforeEach(async () => {
  server = await harness({ clock: systemClock });
  const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  admin = await (await server.organization('ours')).member('admin');
  await call('POST', '/regions', { regionKey: 'pce-lab' });
  secretSets = ['prod'];
  const { body } = await call('POST', '/regions/pce-lab/enrollment-tokens');
  worker = await createFakeWorker({ url, enrolmentToken: body.token, secretSets });
  await vi.waitFor(() => expect(server.workers.pick({ scope: scope() })).toBeDefined());
});
afterEach(async () => {
  worker.disconnect();
  await server.end();
});
function scope() {
  const [scoped] = server.workers.scopes();
  return scoped;
}

test('a set that the region has is referred to by name, and shows as one whose contents are not here', async () => {
  const made = { name: 'prod', region: 'pce-lab', type: 'secret', status: 'ready', source: 'referenced' };
  expect(await refer('prod')).toMatchObject({ status: 200, body: made });
  expect((await refer('prod')).status).toBe(200);
  expect((await call('GET', '/secrets')).body.sets).toEqual([{ ...made, usedBy: [] }]);
  expect((await call('GET', '/secrets/prod')).body).toEqual({
    ...{ secrets: [], region: 'pce-lab', status: 'ready', source: 'referenced' },
  });
});

test('its values are changed where they lie; the reference can be deleted', async () => {
  await refer('prod');
  for (const answer of [
    await call('PUT', '/secrets/prod', { secretKey: 'A', secretValue: 'canary-7' }),
    await call('DELETE', '/secrets/prod/A'),
  ]) {
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining('are changed there')]);
  }
  expect((await call('DELETE', '/secrets/prod')).body).toEqual({ status: 'OK' });
  expect((await call('GET', '/secrets/prod')).status).toBe(404);
});

test('one that the region has not, or that nobody can look for, is refused', async () => {
  const missing = await refer('other');
  expect([missing.status, missing.body.code]).toEqual([409, 'CONFLICT']);
  worker.disconnect();
  await vi.waitFor(() => expect(server.workers.scoped()).toEqual([]));
  const away = await refer('prod');
  expect([away.status, away.body.error]).toEqual([409, expect.stringContaining("No worker of region 'pce-lab'")]);
  expect((await call('GET', '/secrets')).body.sets).toEqual([]);
});

test('machines that other organizations share keep no secrets for one of them', async () => {
  const shared = await refer('prod', 'us-west');
  expect([shared.status, shared.body.error]).toEqual([400, expect.stringContaining('shared by all organizations')]);
  expect((await refer('prod', 'mars')).status).toBe(400);
  expect((await refer('Not A Name')).status).toBe(400);
});

test('a set that is kept here does not become a reference', async () => {
  await call('PUT', '/secrets/prod', { secretKey: 'A', secretValue: 'b', region: 'pce-lab' });
  expect((await refer('prod')).status).toBe(409);
  expect((await call('GET', '/secrets/prod')).body.source).toBeUndefined();
});

test('an agent gets the name of the set for its worker, and no values', async () => {
  await refer('prod');
  const deployed = await call('POST', '/services', {
    ...{ serviceName: 'bot', image: 'x:1', region: 'pce-lab', secretSet: 'prod' },
  });
  expect(deployed.status).toBe(200);
  const spec = await vi.waitFor(() => {
    const [found] = worker.commands.flatMap((command) => (command.do === 'ensure' ? [command.spec] : []));
    if (!found) throw new Error('nothing was ordered yet');
    return found;
  });
  expect([spec.environment, spec.referencedSecretSet]).toEqual([{}, 'prod']);
});

test('a deploy asks again: what is gone is not bound, and without a worker it waits for one', async () => {
  await refer('prod');
  const deploy = (serviceName: string) =>
    call('POST', '/services', { serviceName, image: 'x:1', region: 'pce-lab', secretSet: 'prod' });
  secretSets.length = 0;
  const refused = await deploy('bot');
  expect([refused.status, refused.body.code]).toEqual([409, 'CONFLICT']);
  expect(refused.body.error).toContain("Secret set 'prod' is not ready");
  worker.disconnect();
  await vi.waitFor(() => expect(server.workers.scoped()).toEqual([]));
  expect((await deploy('bot')).status).toBe(200);
});
