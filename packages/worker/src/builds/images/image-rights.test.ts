import { expect, test } from 'vitest';
import { never } from '../../testing/driver-tools.js';
import { createImageRights } from './image-rights.js';

const digest = `sha256:${'a'.repeat(64)}`;

/** What is asked for of these sights, in their order. */
async function asked(...sights: Parameters<ReturnType<typeof createImageRights>['see']>[]): Promise<string[]> {
  const paths: string[] = [];
  const refused: string[] = [];
  const rights = createImageRights({
    engine: {
      async request<T>(_method: string, path: string) {
        paths.push(path);
        return {} as T;
      },
    },
    registry: undefined,
    signal: never,
    onRefused: async (image) => void refused.push(`refused ${image}`),
  });
  for (const sight of sights) rights.see(...sight);
  await rights.settled();
  return [...paths, ...refused];
}

test('of a tag that the engine looks up nothing is asked, whatever digest it finds', async () => {
  expect(await asked(['ghcr.io/a/b:1', 'resolved'], [`ghcr.io/a/b:1@${digest}`, 'used'])).toEqual([]);
});

test('a digest is asked for once, also one that stands beside a tag', async () => {
  const pinned = `ghcr.io/a/b@${digest}`;
  const path = `/distribution/${pinned}/json`;
  expect(await asked([pinned, 'resolved'], [pinned, 'used'], [pinned, 'resolved'])).toEqual([path]);
  expect(await asked([`ghcr.io/a/b:1@${digest}`, 'resolved'])).toEqual([path]);
});

test('so is what the engine uses without a look, and that of another tag', async () => {
  expect(await asked(['ghcr.io/a/b:1', 'resolved'], ['ghcr.io/a/b:2', 'used'])).toEqual([
    '/distribution/ghcr.io/a/b:2/json',
  ]);
});

test('what is no name of an image is refused', async () => {
  expect(await asked(['ghcr.io/a/b@sha512:beef', 'used'])).toEqual(['refused ghcr.io/a/b@sha512:beef']);
});
