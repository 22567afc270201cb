/** What an installed package has, as python/commands.py reads it. */
export interface Offer {
  /** Every option of a command, by all its names. */
  commands: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Those that stand before a command. */
  options: readonly string[];
  /** The paths of the API that it knows. */
  paths: Readonly<Record<string, string>>;
}

/** The options that no run used: `ran` are the arguments of each. */
export function unusedOptions({ commands }: Offer, ran: readonly (readonly string[])[]): string[] {
  return Object.entries(commands).flatMap(([command, options]) => {
    const words = command.split(' ');
    const given = new Set(ran.filter((args) => begins(args, words)).flat());
    return options.filter((names) => !names.some((name) => given.has(name))).map(([name]) => `${command} ${name}`);
  });
}

/** Whether the command of these arguments can be told an organization, and was not. */
export function takesOrganization({ commands }: Offer, args: readonly string[]): boolean {
  const found = Object.entries(commands).find(([command]) => begins(args, command.split(' ')));
  const names = found?.[1].find((each) => each.includes('--organization'));
  return names !== undefined && !args.some((each) => names.includes(each));
}

const begins = (args: readonly string[], words: readonly string[]) =>
  words.every((word, index) => args[index] === word);
