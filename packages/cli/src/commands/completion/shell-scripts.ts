import type { CommandWords } from './command-words.js';

type Table = ReadonlyMap<string, readonly string[]>;

/** Arms of a `case` for bash and zsh; keys with the same answer share one. */
function arms(table: Table, indent: string): string {
  const keys = new Map<string, string[]>();
  for (const [key, list] of table) keys.set(list.join(' '), [...(keys.get(list.join(' ')) ?? []), `'${key}'`]);
  return [...keys].map(([list, names]) => `${indent}${names.join('|')}) reply='${list}' ;;`).join('\n');
}

/** Bash and zsh differ in how they index what was typed and in how they take the answer; what is between is the same. */
function functions({ words, values, arguments: args }: CommandWords): string {
  return `# Sets reply to the words that may follow a path of commands.
_pipecat_words() {
  reply=''
  case "$1" in
${arms(words, '    ')}
    *) return 1 ;;
  esac
}
# The same for the value of an option; fails for an option that takes none.
_pipecat_values() {
  reply=''
  case "$1" in
${arms(values, '    ')}
    *) return 1 ;;
  esac
}
# And for an argument.
_pipecat_argument() {
  reply=''
  case "$1" in
${arms(args, '    ')}
    *) return 1 ;;
  esac
}
# Walks over what was typed before the word in question, and sets reply for that. Fails where files are wanted.
_pipecat_reply() {
  local at='' option='' count=0 word
  for word in "$@"; do
    if [ -n "$option" ]; then
      [ "$word" = '=' ] && continue
      option=''
      continue
    fi
    case "$word" in
      =) continue ;;
      -*=*) continue ;;
      -*) _pipecat_values "$at|$word" && option="$word" ;;
      cloud) [ -z "$at" ] && continue; count=$((count + 1)) ;;
      *) if _pipecat_words "\${at:+$at }$word"; then at="\${at:+$at }$word"; count=0; else count=$((count + 1)); fi ;;
    esac
  done
  if [ -n "$option" ]; then
    _pipecat_values "$at|$option"
    [ -n "$reply" ]
    return
  fi
  local own=''
  _pipecat_argument "$at#$((count + 1))" && own="$reply "
  _pipecat_words "$at"
  reply="$own$reply"
}`;
}

export function bash(words: CommandWords): string {
  return `# Completion for pipecat, pcc and pipecatcloud. Load it with: source <(pipecat completion bash)
${functions(words)}
_pipecat_cloud() {
  local reply='' typed="\${COMP_WORDS[COMP_CWORD]}"
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  # --option=value comes in three words, of which the value may not be typed yet.
  if [ "$typed" = '=' ]; then typed=''; fi
  COMPREPLY=()
  _pipecat_reply "\${before[@]}" && COMPREPLY=($(compgen -W "$reply" -- "$typed"))
}
complete -o default -F _pipecat_cloud pipecat pcc pipecatcloud`;
}

export function zsh(words: CommandWords): string {
  return `#compdef pipecat pcc pipecatcloud
# Completion for pipecat, pcc and pipecatcloud. Load it with: source <(pipecat completion zsh)
${functions(words)}
_pipecat_cloud() {
  local reply=''
  if [[ "\${words[CURRENT]}" == --*=* ]]; then
    # --option=value is one word here.
    local option="\${words[CURRENT]%%=*}"
    compset -P '*='
    if _pipecat_reply "\${(@)words[2,CURRENT-1]}" "$option"; then compadd -- \${=reply}; else _files; fi
  elif _pipecat_reply "\${(@)words[2,CURRENT-1]}"; then
    compadd -- \${=reply}
  else
    _files
  fi
}
(( $+functions[compdef] )) && compdef _pipecat_cloud pipecat pcc pipecatcloud`;
}

function fishArms(table: Table): string {
  return [...table].map(([key, list]) => `    case '${key}'\n      string split ' ' -- '${list.join(' ')}'`).join('\n');
}

export function fish({ words, values, arguments: args }: CommandWords): string {
  const lookup = (name: string, table: Table) => `function ${name}
  switch "$argv[1]"
${fishArms(table)}
    case '*'
      return 1
  end
  return 0
end`;
  return `# Completion for pipecat, pcc and pipecatcloud. Load it with: pipecat completion fish | source
${lookup('__pipecat_words', words)}
${lookup('__pipecat_values', values)}
${lookup('__pipecat_argument', args)}
# Prints what may come next; fails where files are wanted.
function __pipecat_reply
  set -l at ''
  set -l option ''
  set -l count 0
  for word in (commandline -opc)[2..]
    if test -n "$option"
      set option ''
      continue
    end
    switch "$word"
      case '-*=*'
      case '-*'
        __pipecat_values "$at|$word" >/dev/null; and set option "$word"
      case '*'
        if test "$word" = cloud -a -z "$at"
          continue
        end
        set -l next (string trim -- "$at $word")
        if __pipecat_words "$next" >/dev/null
          set at "$next"
          set count 0
        else
          set count (math $count + 1)
        end
    end
  end
  set -l typed (commandline -ct)
  if string match -q -- '--*=*' "$typed"
    set -l name (string split -m 1 = -- "$typed")[1]
    for value in (__pipecat_values "$at|$name")
      test -n "$value"; and echo "$name=$value"
    end
    return 0
  end
  if test -n "$option"
    set -l found (__pipecat_values "$at|$option")
    test -n "$found"; or return 1
    printf '%s\\n' $found
    return 0
  end
  __pipecat_argument "$at#"(math $count + 1)
  __pipecat_words "$at"
  return 0
end
complete -c pipecat -f -n '__pipecat_reply >/dev/null' -a '(__pipecat_reply)'
complete -c pipecat -F -n 'not __pipecat_reply >/dev/null'
complete -c pcc -w pipecat
complete -c pipecatcloud -w pipecat`;
}
