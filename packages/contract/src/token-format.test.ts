import { expect, test } from 'vitest';
import { formatToken, kindOf, maskToken, parseToken, redact } from './token-format.js';

const random = '0123456789abcdef0123456789abcdef01234567';

test.each([
  ['personal', 'pcc_pat_0123456789abcdef0123456789abcdef0123456776953425'],
  ['serviceAccount', 'pcc_pat_sa_0123456789abcdef0123456789abcdef01234567d7967a67'],
  ['ci', 'pcc_pat_ci_0123456789abcdef0123456789abcdef01234567741434e6'],
] as const)('a %s token follows the published vector', (kind, token) => {
  expect(formatToken(kind, random)).toBe(token);
  expect(parseToken(token)).toEqual({ kind, legacy: false });
});

test('every single changed digit of the random part or checksum is refused', () => {
  const token = formatToken('personal', random);
  for (let at = 'pcc_pat_'.length; at < token.length; at++) {
    const changed = token[at] === '0' ? '1' : '0';
    expect(parseToken(token.slice(0, at) + changed + token.slice(at + 1))).toBeUndefined();
  }
});

test.each([
  '',
  'pcc_pat_',
  'pcc_pat_xyz',
  `pcc_pat_${random}`,
  `PCC_PAT_${random}76953425`,
  `pcc_pat_${random}76953425 `,
  'eyJhbGciOi',
])('refuses the malformed %j', (token) => {
  expect(parseToken(token)).toBeUndefined();
});

test('imported tokens of 32 hex digits are accepted and flagged, personal ones only', () => {
  expect(parseToken(`pcc_pat_${random.slice(0, 32)}`)).toEqual({ kind: 'personal', legacy: true });
  expect(parseToken(`pcc_pat_sa_${random.slice(0, 32)}`)).toBeUndefined();
});

test('the longest prefix decides the kind', () => {
  expect(kindOf('pcc_pat_sa_x')).toBe('serviceAccount');
  expect(kindOf('pcc_pat_x')).toBe('personal');
});

test('the mask shows the end of the random part, never the checksum', () => {
  expect(maskToken(formatToken('personal', random))).toBe('pcc_pat_…4567');
  expect(maskToken(formatToken('public', random))).toBe('pk_…4567');
});

test('redaction leaves no digit of any token behind', () => {
  const text = `a ${formatToken('personal', random)}, ${formatToken('private', random)} and ${formatToken('public', random)}.`;
  const login = `${formatToken('oauth', random)} ${formatToken('refresh', random)}`;
  expect(redact(text + login)).not.toContain('0123');
  expect(redact(text)).toContain('pcc_pat_[redacted]');
});

test('redaction finds tokens that letters stand in front of, as in JSON, and leaves words alone', () => {
  for (const kind of ['personal', 'oauth', 'refresh', 'private', 'worker'] as const) {
    expect(redact(JSON.stringify({ log: `one\n${formatToken(kind, random)}` }))).not.toContain('0123');
    expect(redact(`TOKEN${formatToken(kind, random)}`)).not.toContain('0123');
  }
  expect(redact('task_management of desk_reservations')).toBe('task_management of desk_reservations');
});
