import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';

describe.each(databases)('who did something, on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
  });
  afterEach(() => world.drop());

  test('only that action, on those targets, in that time, of that organization', async () => {
    const { store, audit, clock } = world;
    const since = clock.now();
    for (const [organizationId, action, target] of [
      ['org-a', 'build.created', 'one'],
      ['org-a', 'build.cancelled', 'one'],
      ['org-a', 'build.created', 'two'],
      ['org-b', 'build.created', 'one'],
    ] as const) {
      await store.transaction((repos) => audit.record(repos, testActor, { action, organizationId, target }));
    }
    const until = new Date(clock.now().getTime() + 1);
    const found = (targets: string[], time = { since, until }) =>
      store.audit.doneTo('org-a', 'build.created', targets, time).then((all) => all.map(({ target }) => target));
    expect(await found(['one'])).toEqual(['one']);
    expect((await found(['one', 'two', 'gone'])).sort()).toEqual(['one', 'two']);
    expect(await found([])).toEqual([]);
    expect(await found(['one'], { since: until, until: new Date(until.getTime() + 1000) })).toEqual([]);
    expect(await found(['one'], { since: new Date(0), until: since })).toEqual([]);
  });
});
