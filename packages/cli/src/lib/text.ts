import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for one stream: only on a terminal, unless NO_COLOR or FORCE_COLOR say otherwise (no-color.org, force-color.org). */
export function coloursFor(stream: { isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): Colours {
  return picocolors.createColors(wantsColour(stream, env));
}

function wantsColour(stream: { isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return Boolean(stream.isTTY) && env.TERM !== 'dumb';
}

const colourCode = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`);

/** Text from elsewhere, safe to print: nothing in it moves the cursor or renames the window. Line ends and tabs stay. */
export function clean(text: string): string {
  let out = '';
  for (const character of stripVTControlCharacters(text)) if (!isControl(character)) out += character;
  return out;
}

/** The same for text of our own around it, whose colours stay. */
export function cleanText(text: string): string {
  return text
    .split('\n')
    .map((line) => cleanLine(line, true))
    .join('\n');
}

/** The same for one line of a program's output, whose own colours may stay. */
export function cleanLine(line: string, keepColours: boolean): string {
  if (!keepColours) return clean(line);
  let out = '';
  let coloured = false;
  let rest = line;
  for (;;) {
    const found = colourCode.exec(rest);
    if (!found) return out + clean(rest) + (coloured ? `${String.fromCharCode(27)}[0m` : '');
    out += clean(rest.slice(0, found.index)) + found[0];
    coloured = true;
    rest = rest.slice(found.index + found[0].length);
  }
}

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (code < 32 && character !== '\n' && character !== '\t') || (code >= 127 && code < 160);
}
