import { expect, test } from 'vitest';
import { shownText } from './log-text';

const escapeCode = '\u001b';

test('sequences of terminals are left out, and what is not seen is shown', () => {
  expect(shownText(`${escapeCode}[1;31mred${escapeCode}[0m ${escapeCode}[2K${escapeCode}[1Aup`)).toBe('red up');
  expect(shownText(`${escapeCode}]0;title\u0007text ${escapeCode}]8;;https://example.com${escapeCode}\\link`)).toBe(
    'text link',
  );
  expect(shownText('tab\tbell\u0007 \u009b31m delete\u007f')).toBe('tab\tbell␇ ⟨U+009B⟩31m delete␡');
  expect(shownText('user\u202etxt.exe')).toBe('user⟨U+202E⟩txt.exe');
  expect(shownText('<b>größer</b> 👍')).toBe('<b>größer</b> 👍');
});
