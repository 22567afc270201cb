import { expect, test } from 'vitest';
import { sentenceOf } from './problems';

test('known problems have a sentence, anything else has none', () => {
  expect(sentenceOf('oidc_unknown')).toMatch(/invitation/);
  for (const other of [undefined, '', 'constructor', 'Your account is locked'])
    expect(sentenceOf(other)).toBeUndefined();
});
