import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { DriverError } from '../drivers/driver.js';
import type { Rig, RigOptions } from '../test-rig/rig.js';
import { building, orderBuild, startBuildRig } from '../testing/build-rig.js';
import { DownloadFailed } from './download.js';

let rig: Rig;
afterEach(() => rig.close());

const wait = { interval: 5 };

const start = async (options?: RigOptions) => {
  rig = await startBuildRig(options);
};
const order = (buildId?: string, change?: object) => orderBuild(rig, buildId, change);
const whenFinished = async () => (await rig.control.whenReported('build-finished'))[0];

test('what a driver says is wrong with a context is not taken for a control plane that is away', async () => {
  await start(
    building(async (_order, open, _onLine, signal) => {
      const stream = await open(signal);
      // As when it can't be written on: whoever reads it lets go, and then it breaks.
      await pipeline(stream, new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) })).catch(
        () => undefined,
      );
      await setImmediate();
      throw new DriverError('PCC_UNKNOWN_ERROR', 'the disk is full');
    }),
  );
  rig.control.contexts.set('b-1', (res) => void res.write('half'));
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'failed', message: 'the disk is full' });
  expect(rig.control.seen.contextCredentials).toHaveLength(1);
});

test('a download that broke is tried again, however the driver tells of it', async () => {
  let attempts = 0;
  await start(
    building(async (_order, open, _onLine, signal) => {
      if (++attempts > 1) return;
      rig.control.contexts.set('b-1', (res) => void res.writeHead(500).end());
      await open(signal).catch((cause) => {
        throw new DownloadFailed('PCC_UNKNOWN_ERROR', 'no download', { cause });
      });
    }),
  );
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
});

/** As on a full disk, nothing of builds can be noted. */
const losePlaceForResults = () => rm(join(rig.workerDir, 'build-results'), { recursive: true });
const said = (words: string) => rig.logged.filter((line) => line.includes(words));

test('a build that can not be noted counts as not begun', async () => {
  let attempts = 0;
  await start(building(async () => void attempts++));
  await losePlaceForResults();
  for (let tries = 1; tries <= 6; tries++) {
    await order();
    await vi.waitFor(() => expect(said('a build could not be run')).toHaveLength(tries), wait);
  }
  expect(attempts).toBe(0);
  await mkdir(join(rig.workerDir, 'build-results'));
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
});

test('an outcome that can not be noted is reported all the same', async () => {
  await start(building(losePlaceForResults));
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
  expect(said('the outcome of a build could not be noted')).toHaveLength(1);
});
