import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noOpenssl } from '../src/support/authority.js';
import { openBrowser } from '../src/support/browser.js';
import { missing } from '../src/support/environment.js';
import { cleanUp } from '../src/support/paths.js';
import { commandsOf } from './catalogue.js';
import { compareSection } from './compatibility-page.js';
import { unusedOptions } from './options.js';
import { commandTable, routeTable, sdkTable, whyNot } from './page.js';
import { routeOf } from './recording-proxy.js';
import { createResults } from './results.js';
import { routesOf, unusedPaths } from './routes.js';
import { oldScripts } from './steps/old-scripts.js';
import { sdkSteps } from './steps/sdk.js';
import { credentials, versions } from './track.js';
import { driveAll, oldScriptRow } from './tracks.js';
import { startWorld, type World } from './world.js';

const lacking = missing('official', 'newestOfficial', 'chromium') ?? noOpenssl;

describe.skipIf(lacking)(`the published command line and SDK${lacking ? ` (${lacking})` : ''}`, () => {
  const results = createResults();
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    world = await startWorld();
    browser = await openBrowser();
    await driveAll(world, browser, results);
  });
  afterAll(async () => {
    await browser?.close();
    world?.close();
    await cleanUp();
  });

  describe.each(versions)('%s', (version) => {
    const cases = commandsOf(version).flatMap((command) =>
      credentials
        .filter((each) => whyNot(command, each) === undefined)
        .map((credential) => ({ name: command.name, credential })),
    );
    test.each(cases)('$name with $credential', ({ name, credential }) => {
      results.of(version, name, credential);
    });

    test.each(sdkSteps.map(([name]) => ({ name })))('$name', ({ name }) => {
      results.of(version, name, 'personal');
    });

    test('every option of every command was used', () => {
      expect(unusedOptions(world.offerOf(version), world.ranOf(version))).toEqual([]);
    });

    test('the catalogue has every command and path of the package', () => {
      const found = world.offerOf(version);
      const names = commandsOf(version).map(({ name }) => name);
      expect(names.toSorted()).toEqual(
        [...Object.keys(found.commands), ...found.options.filter((each) => each !== '--output')].toSorted(),
      );
      const shapes = routesOf(version).map(({ route }) => route.split(' ')[1]?.replaceAll(/:\w+/g, '*') ?? '');
      const unknown = Object.entries(found.paths).filter(
        ([key, path]) => !unusedPaths.includes(key) && !shapes.includes(path.replaceAll(/\{\w+\}/g, '*')),
      );
      expect(unknown).toEqual([]);
    });

    test('the catalogue has every route that it called', () => {
      const known = new Set(routesOf(version).map(({ route }) => route));
      const called = world.passed().filter((each) => each.version === version);
      expect([...new Set(called.map(({ route }) => route))].filter((route) => !known.has(route))).toEqual([]);
    });
  });

  test('a request is known by its route', () => {
    expect(routeOf('GET', '/v1/organizations/a/secrets/b?region=c')).toBe('GET /v1/organizations/:org/secrets/:set');
    expect(routeOf('GET', '/v1/nothing')).toBe('GET /v1/nothing');
  });

  test('docs/compatibility.md says what was found', async () => {
    for (const version of versions) compareSection(`commands-${version}`, commandTable(results, version));
    compareSection('python-routes', routeTable(world.passed()));
    const calls = sdkSteps.map(([name]) => name);
    compareSection('python-sdk', sdkTable(results, calls));
    const rows: string[][] = [];
    for (const script of oldScripts) rows.push([script.name, ...(await oldScriptRow(world, script))]);
    const compared = ['old script', ...versions.map((version) => `pipecatcloud ${version}`), 'ours'];
    compareSection('old-scripts', { columns: compared, rows });
  });
});
