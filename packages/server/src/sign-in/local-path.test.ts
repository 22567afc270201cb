import { expect, test } from 'vitest';
import { localPath } from './local-path.js';

test.each(['/', '/account/tokens?new=1#top', '/oauth/authorize?client_id=x&state=%2F%2Fy', '/a//b'])(
  '%s is ours',
  (path) => {
    expect(localPath(path)).toBe(path);
  },
);

test.each([
  undefined,
  null,
  '',
  'account',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/a\\..\\\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/.//evil.example',
  '/./%2e//evil.example',
  '/x/..//evil.example',
  ' //evil.example',
  'javascript:alert(1)',
  '/sign-in?next=/',
  '/auth/oidc',
  '/v1/users',
  `/${'a'.repeat(500)}`,
])('%j leads to the overview', (path) => {
  expect(localPath(path)).toBe('/');
});
