import { CliError, usageError } from './errors.js';
import { canAsk, type Io } from './io.js';
import { clean } from './text.js';

/** Asked only on a terminal. Questions go to stderr, so that stdout carries data alone. */
export interface Prompts {
  /** Resolves when the answer is yes, throws when it is no. Without a terminal: a usage error that names `flag`. */
  confirm(question: string, flag: string): Promise<void>;
  /** A value that is not shown while it is typed. Without a terminal: a usage error that says `instead`. */
  hidden(question: string, instead: string): Promise<string>;
  /** A line of text, never empty. */
  ask(question: string, flag: string): Promise<string>;
  /** One of several; `flag` is what answers it without a terminal. */
  choose(question: string, options: { value: string; label: string }[], flag: string): Promise<string>;
}

const cancelled = () => new CliError('Cancelled; nothing was changed.', { code: 'CANCELLED' });

/** `forbidden` where a script is known to read the output: then nothing is asked even on a terminal. */
export function createPrompts(io: Io, forbidden: boolean): Prompts {
  const streams = { input: io.stdin, output: io.stderr };
  const mayAsk = !forbidden && canAsk(io);
  const refuse = (what: string) =>
    usageError(what, forbidden ? 'With --json nothing is asked.' : 'Without a terminal nothing is asked.');

  return {
    async confirm(question, flag) {
      if (!mayAsk) throw refuse(`This needs a confirmation: pass ${flag}.`);
      const { confirm } = await import('@clack/prompts');
      if ((await confirm({ message: clean(question), initialValue: false, ...streams })) !== true) throw cancelled();
    },
    async hidden(question, instead) {
      if (!mayAsk) throw refuse(instead);
      const { password } = await import('@clack/prompts');
      const answer = await password({ message: question, ...streams });
      if (typeof answer !== 'string') throw cancelled();
      return answer;
    },
    async ask(question, flag) {
      if (!mayAsk) throw refuse(`Missing: pass ${flag}.`);
      const { text } = await import('@clack/prompts');
      const validate = (answer: string | undefined) => (answer?.trim() ? undefined : 'Type something.');
      const answer = await text({ message: clean(question), validate, ...streams });
      if (typeof answer !== 'string') throw cancelled();
      return answer.trim();
    },
    async choose(question, options, flag) {
      if (!mayAsk) throw refuse(`Say which: pass ${flag}.`);
      const { select } = await import('@clack/prompts');
      const shown = options.map(({ value, label }) => ({ value, label: clean(label) }));
      const answer = await select({ message: clean(question), options: shown, ...streams });
      if (typeof answer !== 'string') throw cancelled();
      return answer;
    },
  };
}
