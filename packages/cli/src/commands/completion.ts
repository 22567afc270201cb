import type { Command } from 'commander';
import type { CommandContext } from '../lib/context.js';
import { usageError } from '../lib/errors.js';

/** Words that may follow a path of commands: its subcommands, or its options. */
type Words = Map<string, string[]>;

/** Prints a script for one shell. It asks nothing of the network: the command tree is all it knows. */
export async function printCompletion(context: CommandContext, program: Command, shell: string): Promise<void> {
  const words = collect(program);
  const writers: Record<string, (words: Words) => string> = { bash, zsh, fish };
  const write = Object.hasOwn(writers, shell) ? writers[shell] : undefined;
  if (!write) throw usageError(`No completion for '${shell}'.`, 'Use bash, zsh or fish.');
  const script = write(words);
  context.result({ shell, script }, () => script);
}

function collect(program: Command): Words {
  const words: Words = new Map();
  function visit(command: Command, path: string): void {
    const names = command.commands.map((child) => child.name());
    const options = command.options.filter((option) => !option.hidden).map((option) => option.long ?? option.flags);
    words.set(path, [...names, ...options, '--help']);
    for (const child of command.commands) visit(child, `${path} ${child.name()}`.trim());
  }
  visit(program, '');
  const top = words.get('') ?? [];
  words.set('', ['cloud', ...top]);
  return words;
}

/** One `case` arm for each path; `indent` and `print` differ by shell. */
function arms(words: Words, print: (list: string) => string): string {
  return [...words].map(([path, list]) => `    '${path}') ${print(list.join(' '))} ;;`).join('\n');
}

function bash(words: Words): string {
  return `# Completion for pipecat and pcc. Load it with: source <(pipecat completion bash)
_pipecat_cloud() {
  local word path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      cloud) [ -z "$path" ] && continue ;;
      -*) continue ;;
    esac
    case "$path \${word}" in
${nodes(words)}
    esac
  done
  case "$path" in
${arms(words, (list) => `words='${list}'`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _pipecat_cloud pipecat pcc`;
}

function zsh(words: Words): string {
  return `#compdef pipecat pcc
# Completion for pipecat and pcc. Load it with: source <(pipecat completion zsh)
_pipecat_cloud() {
  local word p='' list='' i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    case "$word" in
      cloud) [[ -z "$p" ]] && continue ;;
      -*) continue ;;
    esac
    case "$p $word" in
${nodes(words).replaceAll('path=', 'p=')}
    esac
  done
  case "$p" in
${arms(words, (list) => `list='${list}'`)}
  esac
  compadd -- \${=list}
}
compdef _pipecat_cloud pipecat pcc`;
}

/** Steps down the tree: from a path and the next word to the longer path. */
function nodes(words: Words): string {
  return [...words.keys()]
    .filter((path) => path !== '')
    .map((path) => `      '${path.includes(' ') ? path : ` ${path}`}') path='${path}' ;;`)
    .join('\n');
}

function fish(words: Words): string {
  const lines = [...words].flatMap(([path, list]) => {
    const steps = path.split(' ').filter(Boolean);
    const children = list.filter((word) => !word.startsWith('-'));
    const seen = steps.map((step) => `__fish_seen_subcommand_from ${step}`);
    const unseen =
      children.length > 0
        ? [`not __fish_seen_subcommand_from ${children.filter((word) => word !== 'cloud').join(' ')}`]
        : [];
    const condition = [...seen, ...unseen].join('; and ') || 'true';
    const names = children.length > 0 ? [`complete -c pipecat -f -n '${condition}' -a '${children.join(' ')}'`] : [];
    const own = seen.join('; and ') || 'true';
    const options = list
      .filter((word) => word.startsWith('--'))
      .map((word) => `complete -c pipecat -n '${own}' -l ${word.slice(2)}`);
    return [...names, ...options];
  });
  return [
    '# Completion for pipecat and pcc. Load it with: pipecat completion fish | source',
    ...lines,
    'complete -c pcc -w pipecat',
  ].join('\n');
}
