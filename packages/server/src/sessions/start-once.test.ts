import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createStartOnce, type TakeKey } from './start-once.js';

describe.each(databases)('starts with the same Idempotency-Key, on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const now = world.clock.now().toISOString();
    await world.store.agents.insert({
      ...{ ...agent, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 1, websocketAuth: 'none' },
      ...{ desiredDeploymentId: null, liveDeploymentId: null, reconciledDeploymentId: null },
      ...{ createdAt: now, updatedAt: now, deletedAt: null },
    });
  });
  afterEach(() => world.drop());

  const agent = { id: 'a', organizationId: 'org-a' } as Agent;
  const key = { key: 'k', bodyDigest: 'd' };
  /** Takes its place only when told, unless its caller goes before. */
  function waiter(sessionId: string) {
    const gone = new AbortController();
    const place = Promise.withResolvers<void>();
    const begin = vi.fn(async (takeKey: TakeKey) => {
      const left = new Promise<never>((_, reject) => {
        gone.signal.addEventListener('abort', () => reject(gone.signal.reason as Error));
      });
      await Promise.race([place.promise, left]);
      await world.store.transaction((repos) => takeKey(repos, sessionId));
      return sessionId;
    });
    return { gone, place, begin };
  }
  type Waiter = ReturnType<typeof waiter>;

  function open() {
    const once = createStartOnce(world);
    return ({ begin, gone }: Waiter) => once.start(agent, key, begin, { deadlineMs: 60_000, gone: gone.signal });
  }
  const begun = (one: Waiter) => vi.waitFor(() => expect(one.begin).toHaveBeenCalled());

  test('where the caller of the first goes, those who have joined it begin one anew, all together', async () => {
    const start = open();
    const [first, second, third] = [waiter('s1'), waiter('s2'), waiter('s3')];
    const lost = start(first).catch((error: unknown) => error);
    await begun(first);
    const joined = [start(second), start(third)];
    const reason = new Error('The caller went away');
    first.gone.abort(reason);
    expect(await lost).toBe(reason);
    await begun(second);
    second.place.resolve();
    expect(await Promise.all(joined)).toEqual(['s2', 's2']);
    expect(third.begin).not.toHaveBeenCalled();
    expect(await start(waiter('s4'))).toBe('s2');
  });

  test('nothing is begun for one who has gone as well', async () => {
    const start = open();
    const [first, second] = [waiter('s1'), waiter('s2')];
    const lost = [first, second].map((one) => start(one).catch((error: unknown) => (error as Error).message));
    await begun(first);
    second.gone.abort(new Error('second'));
    first.gone.abort(new Error('first'));
    expect(await Promise.all(lost)).toEqual(['first', 'second']);
    expect(second.begin).not.toHaveBeenCalled();
  });

  test('what fails for another reason fails for all of them', async () => {
    const start = open();
    const [first, second] = [waiter('s1'), waiter('s2')];
    const failed = [first, second].map((one) => start(one).catch((error: unknown) => (error as Error).message));
    await begun(first);
    first.place.reject(new Error('no place'));
    expect(await Promise.all(failed)).toEqual(['no place', 'no place']);
    expect(second.begin).not.toHaveBeenCalled();
  });
});
