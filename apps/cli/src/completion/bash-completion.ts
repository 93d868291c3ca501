import type { CommandNode } from './command-tree.js';

/** A script for bash ≥ 4: `source <(tally completion bash)`. Completes commands, options, and files where one is asked. */
export function bashCompletion(tree: readonly CommandNode[]): string {
  return `# bash completion of tally; made by: tally completion bash
_tally() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path=tally word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${tree
  .slice(1)
  .map(({ path }) => `      '${key(path)}') path='${key(path)}' ;;`)
  .join('\n')}
    esac
  done
  local words='' files=''
  case "$path" in
${tree.map(clauseOf).join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ -n $files || \${COMP_WORDS[COMP_CWORD-1]} == --* ]]; then
    mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -o filenames -F _tally tally
`;
}

const key = (path: readonly string[]): string => ['tally', ...path].join(' ');

function clauseOf({ path, commands, options, takesFile }: CommandNode): string {
  const words = [...commands, ...options].map(({ word }) => word).join(' ');
  return `    '${key(path)}') words='${words} --help'${takesFile ? ' files=1' : ''} ;;`;
}
