import { expect, test } from 'vitest';
import { partsOf, shownText } from './log-text';

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

test('what a line says twice beside its time and level is left out of the list', () => {
  const text =
    '2026-11-30 18:23:04.591 | INFO     | bot:echo:39 | 639f91d8-0000-4000-8000-00000000f001 - Client | connected';
  expect(partsOf(text)).toEqual({ message: 'Client | connected', where: 'bot:echo:39' });
  expect(partsOf('ERROR: a | b | c - d')).toEqual({ message: 'ERROR: a | b | c - d' });
});
