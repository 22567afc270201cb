import { afterEach, beforeEach, expect, test } from 'vitest';
import { databases, type TestDatabase } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { createPropertyService, type PropertyService } from './property-service.js';

let world: TwoOrganizations;
let properties: PropertyService;
beforeEach(async () => {
  world = await openTwoOrganizations(databases[0] as TestDatabase);
  properties = createPropertyService(world);
});
afterEach(() => world.drop());

test('without a region of its own there is one, and it is the default', async () => {
  expect(await world.regions.list('org-a')).toEqual({ regions: [{ code: 'us-west', display_name: 'This machine' }] });
  expect(await properties.get(world.acme)).toEqual({ properties: { defaultRegion: 'us-west' } });
  expect((await properties.schema(world.acme)).properties.defaultRegion).toMatchObject({
    currentValue: 'us-west',
    availableValues: ['us-west'],
    readOnly: false,
  });
});

test('a default that is not offered any more reads as the one that is', async () => {
  expect(await properties.get({ ...world.acme, defaultRegion: 'eu-central' })).toEqual({
    properties: { defaultRegion: 'us-west' },
  });
});

test('a change is kept for that organization alone and audited; an unknown region is refused', async () => {
  await world.store.organizations.setDefaultRegion('org-a', 'eu-central');
  await world.store.organizations.setDefaultRegion('org-b', 'eu-central');
  expect(await properties.patch(world.acme, testActor, { defaultRegion: 'us-west' })).toMatchObject({
    values: { properties: { defaultRegion: 'us-west' } },
    schema: { properties: { defaultRegion: { currentValue: 'us-west', availableValues: ['us-west'] } } },
  });
  expect((await world.store.organizations.find('org-a'))?.defaultRegion).toBe('us-west');
  expect((await world.store.organizations.find('org-b'))?.defaultRegion).toBe('eu-central');
  expect(await world.store.audit.list('org-a', 5)).toMatchObject([{ action: 'organization.properties_changed' }]);
  await expect(properties.patch(world.acme, testActor, { defaultRegion: 'mars' })).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining("'mars' is not available here"),
  });
});
