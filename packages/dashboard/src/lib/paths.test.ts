import { expect, test } from 'vitest';
import { safeNext } from './paths';

test.each(['/', '/account/tokens', '/?org=acme'])('goes on to %s', (next) => {
  expect(safeNext(next)).toBe(next);
});

test.each([
  undefined,
  7,
  '',
  'account',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  'javascript:alert(1)',
  '/sign-in?next=/',
])('%s leads to the overview', (next) => {
  expect(safeNext(next)).toBe('/');
});
