import type { OidcConfig } from '../config/sign-in-config.js';

/** Why the outside provider's word did not sign anybody in; the sign-in page has a sentence for each. */
export const oidcProblems = [
  'oidc_unreachable',
  'oidc_expired',
  'oidc_failed',
  'oidc_denied',
  'oidc_not_allowed',
  'oidc_unverified',
  'oidc_unknown',
  'oidc_other_account',
] as const;
export type OidcProblem = (typeof oidcProblems)[number];

/** What the provider says of a person: the claims of the ID token, completed by its user-info endpoint. */
export type Claims = Readonly<Record<string, unknown>> & { sub: string };
export interface Admitted {
  subject: string;
  /** In lower case; undefined unless the provider says that it is verified. */
  email: string | undefined;
  secondFactor: boolean;
}

/** Whom the configuration lets in. An address that the provider has not verified counts as none. */
export function admit(claims: Claims, config: OidcConfig): Admitted | { problem: OidcProblem } {
  const { requiredClaim, allowedDomains } = config;
  if (requiredClaim && !holds(claims[requiredClaim.name], requiredClaim.value)) return { problem: 'oidc_not_allowed' };
  const verified = claims.email_verified === true && typeof claims.email === 'string';
  const email = verified ? (claims.email as string).trim().toLowerCase() : undefined;
  if (email !== undefined && !/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email)) return { problem: 'oidc_unverified' };
  if (allowedDomains.length > 0) {
    if (email === undefined) return { problem: 'oidc_unverified' };
    // The whole domain: a name that only ends like an allowed one is another's.
    if (!allowedDomains.includes(email.slice(email.lastIndexOf('@') + 1))) return { problem: 'oidc_not_allowed' };
  }
  return { subject: claims.sub, email, secondFactor: saysSecondFactor(claims, config) };
}

/** RFC 8176 `mfa`, or a context that the operator named. */
function saysSecondFactor({ amr, acr }: Claims, { secondFactorAcr }: OidcConfig): boolean {
  if (Array.isArray(amr) && amr.includes('mfa')) return true;
  return typeof acr === 'string' && secondFactorAcr.includes(acr);
}

/** A claim of one value or of many, such as groups. */
function holds(claim: unknown, value: string): boolean {
  if (Array.isArray(claim)) return claim.some((one) => holds(one, value));
  return claim !== undefined && claim !== null && typeof claim !== 'object' && String(claim) === value;
}
