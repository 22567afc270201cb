const sentences: Readonly<Record<string, string>> = {
  oidc_unreachable: 'The provider does not answer. Try again in a moment, or choose another way.',
  oidc_expired: 'The sign-in took too long, or was begun in another browser. Try again.',
  oidc_failed: 'The provider’s answer could not be checked, so nobody was signed in. Try again, or choose another way.',
  oidc_denied: 'The provider says that you did not agree. Try again, or choose another way.',
  oidc_not_allowed: 'Your account at the provider is not let in here. Ask who runs this installation.',
  oidc_unverified: 'The provider has not verified your e-mail address. Verify it there, then try again.',
  oidc_unknown: 'Nobody with your address is known here. Ask an admin of your organization for an invitation.',
  oidc_other_account: 'Your address here belongs to another account at the provider. Ask who runs this installation.',
};

/** What the server's `problem` means; undefined for none that we know, so that a link can put no words of its own here. */
export function sentenceOf(problem: string | undefined): string | undefined {
  return problem !== undefined && Object.hasOwn(sentences, problem) ? sentences[problem] : undefined;
}
