import { expect, test } from 'vitest';
import { revokedToken } from './refusals.js';

test.each([
  ['revoked by ann@example.com', 'was revoked on 2026-05-04 by ann@example.com. Make'],
  ['its parent was revoked', 'was revoked on 2026-05-04: its parent was revoked. Make'],
])('why a token was revoked reads as one sentence: %s', (why, sentence) => {
  const refusal = revokedToken({ name: 'ci' }, '2026-05-04', why, 'https://cloud.example/account/tokens');
  expect(refusal.message).toContain(`The token 'ci' ${sentence}`);
});
