import { type Argument, type Command, InvalidArgumentError, Option } from 'commander';

/** `-o, --organization NAME`, on every command that works inside one. */
export const organizationOption = () => new Option('-o, --organization <name>', 'organization to work in');
export const regionOption = (description: string) =>
  new Option('-r, --region <code>', description).argParser(unlessEmpty);
export const configFileOption = () => new Option('--config-file <path>', 'deploy file (default: pcc-deploy.toml)');
/** Another spelling of `--config-file` that official clients take; the line is rewritten before it is parsed. */
export const hiddenDeployConfig = () => new Option('--deploy-config <path>', 'deploy file').hideHelp();

/**
 * Parser of a text that scripts take from a variable (`--secrets "$SET"`): where that is unset, it counts as not given, as
 * with official clients. Only an argument is gone at once; for options see `forgetEmpty`.
 */
export function unlessEmpty<T>(text: string, before: T): string | T {
  return text || before;
}

/** Takes away what `unlessEmpty` left of empty options: commander keeps an empty text where a parser returns undefined. */
export function forgetEmpty(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (option.parseArg !== unlessEmpty || command.getOptionValue(name) !== '') continue;
    if (option.mandatory) {
      command.error(`error: required option '${option.flags}' not specified`, {
        code: 'commander.missingMandatoryOptionValue',
      });
    }
    command.setOptionValue(name, undefined);
  }
}

/** Parser of a whole number between bounds, for commander. */
export function integer(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(
        maximum === Number.MAX_SAFE_INTEGER
          ? `Give a whole number, at least ${minimum}.`
          : `Give a whole number from ${minimum} to ${maximum}.`,
      );
    }
    return value;
  };
}

/** `10` or `10%`: a whole share that is neither none nor all. */
export function percent(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (!/^\d{1,2}%?$/.test(text) || value < 1) throw new InvalidArgumentError('Give a whole share from 1% to 99%.');
  return value;
}

/** A parser that knows all it takes, so that shells can offer it. */
export type ChoiceParser<T extends string> = ((text: string) => T) & { readonly words: readonly T[] };

/** One of a few words, whatever their case. */
export function oneOf<T extends string>(words: readonly T[]): ChoiceParser<T> {
  const parse = (text: string) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (!found) throw new InvalidArgumentError(`Give one of ${words.join(', ')}.`);
    return found;
  };
  return Object.assign(parse, { words });
}

/** What a shell may offer for the value of an option or an argument. */
export function choicesOf({ parseArg, argChoices }: Option | Argument): readonly string[] {
  return argChoices ?? (parseArg as { words?: readonly string[] } | undefined)?.words ?? [];
}

/** How often an instance serves, on the commands that set it. */
export const reuseOptions = () => [
  new Option('--reuse <policy>', 'fresh: a new process for each session; always: one after another').argParser(
    oneOf(['always', 'fresh']),
  ),
  new Option('--reuse-sessions <count>', 'replace an instance after so many sessions').argParser(integer(1, 1_000_000)),
  new Option('--reuse-memory <percent>', 'replace an instance that holds more of its memory after a session').argParser(
    integer(1, 100),
  ),
];

/** Collects every use of a repeatable option; commas separate as well. */
export function list(text: string, before: readonly string[] = []): string[] {
  const values = text.split(',').map((value) => value.trim());
  if (values.some((value) => value === '')) throw new InvalidArgumentError('Give a value, or several between commas.');
  return [...before, ...values];
}

/** The same for names that may contain commas. */
export const each = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** A whole number between bounds, or the word `none`; not null, which commander turns into an empty text. */
export function integerOrNone(minimum: number, maximum: number): (text: string) => number | 'none' {
  const number = integer(minimum, maximum);
  return (text) => {
    if (text.toLowerCase() === 'none') return 'none';
    try {
      return number(text);
    } catch {
      throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}, or none.`);
    }
  };
}

/** `on` and `off`. */
export function onOff(text: string): boolean {
  const word = text.toLowerCase();
  if (word !== 'on' && word !== 'off') throw new InvalidArgumentError('Give on or off.');
  return word === 'on';
}

/** `-y` where `-f` is what the help names: people type either. */
export const hiddenYes = () => new Option('-y, --yes', 'do not ask').hideHelp();
