import { expect, test } from 'vitest';
import { factorNames, isSecondFactor } from './factors.js';

test.each([
  [['passkey']],
  [['oidc_mfa']],
  [['email', 'password']],
  [['password', 'oidc']],
  [['setup', 'password']],
] as const)('%j are two factors', (factors) => {
  expect(isSecondFactor(factors)).toBe(true);
});

test.each([
  [[]],
  [['email']],
  [['password']],
  [['oidc', 'email']],
  [['setup', 'invitation', 'email']],
  [['password_by_email', 'email']],
] as const)('%j are not', (factors) => {
  expect(isSecondFactor(factors)).toBe(false);
});

test('people are told each factor once and by its usual name', () => {
  expect(factorNames(['oidc_mfa', 'password_by_email', 'password'])).toEqual(['oidc', 'password']);
});
