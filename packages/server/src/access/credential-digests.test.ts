import { parseToken } from '@pipecat-cloud/contract/token-format';
import { expect, test } from 'vitest';
import { systemIds } from '../system.js';
import { createCredentialDigests, mintCredential } from './credential-digests.js';

const one = { id: 'one', key: Buffer.alloc(32, 1) };
const two = { id: 'two', key: Buffer.alloc(32, 2) };

test('a value has one digest per pepper, and new ones are made with the first', () => {
  const digests = createCredentialDigests([two, one]);
  const [first, second] = digests.candidates('value');
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(first).not.toBe(second);
  expect(digests.current('value')).toEqual({ digest: first, pepperId: 'two' });
  expect(createCredentialDigests([one]).current('value').digest).toBe(second);
});

test('the digest is HMAC-SHA-256 (RFC 4231, case 2 shape)', () => {
  const { digest } = createCredentialDigests([{ id: 'rfc', key: Buffer.from('Jefe') }]).current(
    'what do ya want for nothing?',
  );
  expect(digest).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

test('without a pepper nothing starts', () => {
  expect(() => createCredentialDigests([])).toThrow('pepper');
});

test('credentials of every kind are well formed and never twice the same', () => {
  for (const kind of ['personal', 'public', 'private', 'worker', 'enrolment'] as const) {
    const { value } = mintCredential(systemIds, kind);
    expect(parseToken(value)).toEqual({ kind, legacy: false });
    expect(mintCredential(systemIds, kind).value).not.toBe(value);
  }
});
