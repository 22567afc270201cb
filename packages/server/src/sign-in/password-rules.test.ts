import { expect, test } from 'vitest';
import { checkPassword } from './password-rules.js';

const known = ['ann.miller@acme-voices.example', 'acme', 'Acme & Sons'];

test.each([
  'correct plume anchor tulip',
  'ünïcödé gehört dazu',
  'tr0ub4dor&3xyzq',
  '7391 0462 8553 9174',
  'acme has nice weather today',
])('%s is fine', (password) => {
  expect(() => checkPassword(password, known)).not.toThrow();
});

test.each([
  'password1234',
  'PassWord1234',
  '123456789012',
  'correcthorsebatterystaple',
  'aaaaaaaaaaaa',
  'abababababab',
  'ann.miller@acme-voices.example',
  'Miller-Acme-2026!',
  'acmeacmeacme1',
  'PipecatCloud2026',
  'ｐａｓｓｗｏｒｄ1234',
])('%s is refused', (password) => {
  expect(() => checkPassword(password, known)).toThrow(/choose|pick/);
});

test('no refusal repeats the password', () => {
  try {
    checkPassword('Miller-Acme-2026!', known);
    expect.fail('it was accepted');
  } catch (error) {
    expect((error as Error).message.toLowerCase()).not.toContain('miller');
  }
});
