import type { CommandNode } from './command-tree.js';

/** A script for fish: `tally completion fish | source`. */
export function fishCompletion(tree: readonly CommandNode[]): string {
  const lines = tree.flatMap((node) => [
    ...node.commands.map(({ word, about }) => line(node, `-f -a ${quoted(word)}`, about)),
    ...node.options.map(({ word, about }) => line(node, `-l ${word.slice(2)}`, about)),
  ]);
  return `# fish completion of tally; made by: tally completion fish
function __tally_at
    set -l words (commandline -opc)
    set -l plain (string match -v -- '-*' $words[2..])
    set -l count (count $argv)
    test (count $plain) -ge $count; or return 1
    test $count -eq 0; or test "$plain[1..$count]" = "$argv"
end
complete -c tally -e
${lines.join('\n')}
`;
}

/** A parent's commands are offered only where no command of it stands yet. */
function line({ path, commands }: CommandNode, what: string, about: string): string {
  const at = `__tally_at ${path.join(' ')}`.trim();
  const none =
    commands.length === 0
      ? ''
      : `; and not __fish_seen_subcommand_from ${commands.map(({ word }) => word).join(' ')}`;
  return `complete -c tally -n ${quoted(at + none)} ${what} -d ${quoted(about)}`;
}

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
