const escapeCode = String.fromCharCode(27);
/** Colours, movements of the cursor (CSI), titles and links of terminals (OSC). */
const sequences = new RegExp(
  `${escapeCode}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007${escapeCode}]*(?:\\u0007|${escapeCode}\\\\)?|[@-Z\\\\-_])`,
  'g',
);
/** What would turn the direction of text around, with all that comes after it. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A line as it is listed: without the colours of a terminal, and with nothing in it that is not seen. */
export function shownText(text: string): string {
  return visible(text.includes(escapeCode) ? text.replace(sequences, '') : text);
}

/** Control characters as the pictures that Unicode has of them, and marks of direction by their numbers; tabs and line ends stay. */
export function visible(text: string): string {
  let out = '';
  for (const character of text.replace(directions, numbered)) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = (code < 32 && character !== '\n' && character !== '\t') || (code >= 127 && code < 160);
    out += isControl
      ? code < 32
        ? String.fromCodePoint(0x2400 + code)
        : code === 127
          ? '\u2421'
          : numbered(character)
      : character;
  }
  return out;
}

const numbered = (character: string) => `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** `time | LEVEL | where | session - message`, as the base image and our own agents write it. */
const usual = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+ \| [A-Z]+ *\| ([^|]{1,200}) \| (?:[0-9a-f-]{36}|NONE) - /;

/** What a line says, and where in the code; its time, level and session stand beside it and are not said twice. */
export function partsOf(text: string): { message: string; where?: string } {
  const shown = shownText(text);
  const [prefix, where] = usual.exec(shown) ?? [];
  if (prefix === undefined || where === undefined) return { message: shown };
  return { message: shown.slice(prefix.length), where: where.trim() };
}
