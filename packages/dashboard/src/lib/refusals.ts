import { ApiError } from '@pipecat-cloud/contract/client';

/** What the person has to show first; the request can be sent again afterwards. */
export type Wanted = 'recent sign-in' | 'second factor';

/** Why the server refused, where one more factor in this session is the way on. */
export function wantedBy(error: unknown): Wanted | undefined {
  if (!(error instanceof ApiError) || error.status !== 403) return undefined;
  const { reason } = error.body;
  if (reason === 'recent_sign_in_required') return 'recent sign-in';
  if (reason === 'second_factor_required') return 'second factor';
  return isPolicyOfSecondFactor(error) ? 'second factor' : undefined;
}

/** An organization's policy; it has several rules, and the sentence names the one. */
export function isPolicyOfSecondFactor(error: unknown): boolean {
  return error instanceof ApiError && error.body.reason === 'blocked_by_policy' && /second factor/i.test(error.message);
}

/** What was asked for is not there, or no longer. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}
