import { hash } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { createPasswordHasher } from './password-hash.js';

const hasher = createPasswordHasher();

test('argon2id at the parameters that OWASP names, a fresh salt each time', async () => {
  const [a, b] = await Promise.all([hasher.hash('correct plume anchor'), hasher.hash('correct plume anchor')]);
  expect(a).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(a).not.toBe(b);
  expect(await hasher.isOutdated(a)).toBe(false);
});

test('verifies the password, however its letters were composed, and no other', async () => {
  const made = await hasher.hash('caf\u00e9 am Rhein oben');
  expect(await hasher.verify(made, 'cafe\u0301 am Rhein oben')).toBe(true);
  expect(await hasher.verify(made, 'cafe am Rhein oben')).toBe(false);
});

test('a hash of other parameters is outdated', async () => {
  expect(await hasher.isOutdated(await hash('x', { memoryCost: 8192, timeCost: 2, parallelism: 1 }))).toBe(true);
  expect(await hasher.isOutdated(await hash('x', { memoryCost: 19456, timeCost: 3, parallelism: 1 }))).toBe(true);
});

test('a flood waits its turn and all of it is answered', async () => {
  const made = await hasher.hash('correct plume anchor');
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) => hasher.verify(made, n % 2 ? 'no' : 'correct plume anchor')),
  );
  expect(answers).toEqual([true, false, true, false, true, false, true, false]);
});
