import type { CommandNode, Word } from './command-tree.js';

/** A script for zsh: `source <(tally completion zsh)` after compinit, or a file `_tally` in $fpath. */
export function zshCompletion(tree: readonly CommandNode[]): string {
  return `#compdef tally
# zsh completion of tally; made by: tally completion zsh
_tally() {
  local path_=tally word
  local -a entries
  local files=''
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    case "$path_ $word" in
${tree
  .slice(1)
  .map(({ path }) => `      '${key(path)}') path_='${key(path)}' ;;`)
  .join('\n')}
    esac
  done
  case "$path_" in
${tree.map(clauseOf).join('\n')}
  esac
  _describe -t commands 'tally' entries
  if [[ -n $files || \${words[CURRENT-1]} == --* ]]; then _files; fi
}
compdef _tally tally
`;
}

const key = (path: readonly string[]): string => ['tally', ...path].join(' ');

function clauseOf({ path, commands, options, takesFile }: CommandNode): string {
  const entries = [...commands, ...options].map(entryOf).join(' ');
  return `    '${key(path)}') entries=(${entries})${takesFile ? ' files=1' : ''} ;;`;
}

/** `word:about` in single quotes; a colon inside the word would end it. */
function entryOf({ word, about }: Word): string {
  return `'${`${word.replaceAll(':', '\\:')}:${about}`.replaceAll("'", String.raw`'\''`)}'`;
}
