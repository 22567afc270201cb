import type { FactorName } from '@pipecat-cloud/contract/sign-in';

/**
 * What was shown in a session, told apart more finely than people are told: a password that was set by e-mail alone, and a provider
 * that says it asked for more than one factor.
 */
export type Factor = FactorName | 'password_by_email' | 'oidc_mfa';

/**
 * What a factor is evidence of. The outside provider stands with the mailbox: who holds the one often holds the other, so both
 * together are not two. The links of set-up and invitation reach people as mail does.
 */
const evidence: Readonly<Record<Factor, 'mailbox' | 'knowledge' | 'paper' | 'both'>> = {
  setup: 'mailbox',
  invitation: 'mailbox',
  email: 'mailbox',
  password: 'knowledge',
  password_by_email: 'mailbox',
  // Always with user verification: the device and what unlocks it.
  passkey: 'both',
  oidc: 'mailbox',
  oidc_mfa: 'both',
  recovery: 'paper',
};

/** Two kinds of evidence, or one factor that is two in itself. */
export function isSecondFactor(factors: readonly Factor[]): boolean {
  const shown = new Set(factors.map((factor) => evidence[factor]));
  return shown.has('both') || shown.size > 1;
}

/** As people are told, each once. */
export function factorNames(factors: readonly Factor[]): FactorName[] {
  return [...new Set(factors.map(nameOf))];
}

function nameOf(factor: Factor): FactorName {
  if (factor === 'password_by_email') return 'password';
  return factor === 'oidc_mfa' ? 'oidc' : factor;
}
