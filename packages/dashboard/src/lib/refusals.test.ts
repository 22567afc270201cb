import { ApiError } from '@pipecat-cloud/contract/client';
import { expect, test } from 'vitest';
import { wantedBy } from './refusals';

const refusal = (status: number, reason: string, error = 'x') =>
  new ApiError(status, { error, code: String(status), reason }, true);

test.each([
  [refusal(403, 'recent_sign_in_required'), 'recent sign-in'],
  [refusal(403, 'second_factor_required'), 'second factor'],
  [refusal(403, 'blocked_by_policy', 'acme lets in people with a second factor only'), 'second factor'],
  [refusal(403, 'blocked_by_policy', 'acme allows no personal tokens'), undefined],
  [refusal(401, 'second_factor_required'), undefined],
  [new Error('second factor'), undefined],
])('%o', (error, wanted) => {
  expect(wantedBy(error)).toBe(wanted);
});
