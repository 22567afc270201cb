import { expect, test } from 'vitest';
import type { OidcConfig } from '../config/sign-in-config.js';
import { admit } from './oidc-admission.js';

const config: OidcConfig = {
  issuer: 'https://id.example',
  clientId: 'pipecat',
  clientSecret: undefined,
  label: 'Example',
  scopes: 'openid email',
  allowedDomains: ['acme.example'],
  requiredClaim: { name: 'groups', value: 'voice' },
  newPeople: undefined,
  secondFactorAcr: ['urn:gold'],
};
const person = { sub: 's1', email: 'Ann@Acme.example', email_verified: true, groups: ['voice', 'ops'] };

test('a verified address of an allowed domain with the claim is let in', () => {
  expect(admit(person, config)).toEqual({ subject: 's1', email: 'ann@acme.example', secondFactor: false });
});

test.each([
  [{ amr: ['pwd', 'mfa'] }, true],
  [{ amr: ['pwd'] }, false],
  [{ amr: 'mfa' }, false],
  [{ acr: 'urn:gold' }, true],
  [{ acr: 'urn:silver' }, false],
  [{ acr: ['urn:gold'] }, false],
])('%j is a second factor: %s', (claims, secondFactor) => {
  expect(admit({ ...person, ...claims }, config)).toMatchObject({ secondFactor });
});

test.each([
  [{ email: 'ann@evil-acme.example' }, 'oidc_not_allowed'],
  [{ email: 'ann@acme.example.evil.example' }, 'oidc_not_allowed'],
  [{ email: 'ann@acme.example@evil.example' }, 'oidc_unverified'],
  [{ email_verified: false }, 'oidc_unverified'],
  [{ email_verified: 'true' }, 'oidc_unverified'],
  [{ email: undefined }, 'oidc_unverified'],
  [{ email: 'a b@acme.example' }, 'oidc_unverified'],
  [{ groups: ['ops'] }, 'oidc_not_allowed'],
  [{ groups: 'voices' }, 'oidc_not_allowed'],
  [{ groups: { voice: true } }, 'oidc_not_allowed'],
  [{ groups: undefined }, 'oidc_not_allowed'],
])('%j is refused: %s', (claims, problem) => {
  expect(admit({ ...person, ...claims }, config)).toEqual({ problem });
});

test('without conditions a subject is enough, and an unverified address is none', () => {
  const open = { ...config, allowedDomains: [], requiredClaim: undefined };
  expect(admit({ sub: 's1', email: 'ann@acme.example' }, open)).toEqual({
    subject: 's1',
    email: undefined,
    secondFactor: false,
  });
});
