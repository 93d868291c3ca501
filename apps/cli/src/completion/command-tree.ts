import type { Command } from 'commander';

/** A command as completion sees it: words that may follow, and what they mean. */
export interface CommandNode {
  /** Words after `tally`; empty for `tally` itself. */
  readonly path: readonly string[];
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** True when its first argument is a file or folder. */
  readonly takesFile: boolean;
}

export interface Word {
  readonly word: string;
  readonly about: string;
}

const FILE_ARGUMENT = /file|dir|path|folder|yaml|bundle|csv/i;

/** Every command of the tree, parents before children. */
export function commandTree(
  command: Command,
  path: readonly string[] = [],
): readonly CommandNode[] {
  const children = command.commands;
  const own: CommandNode = {
    path,
    commands: children.map((child) => ({ word: child.name(), about: child.description() })),
    options: command.options
      .filter(({ hidden }) => !hidden)
      .flatMap(({ long, description }) =>
        typeof long === 'string' ? [{ word: long, about: description }] : [],
      ),
    takesFile: command.registeredArguments.some((argument) => FILE_ARGUMENT.test(argument.name())),
  };
  return [own, ...children.flatMap((child) => commandTree(child, [...path, child.name()]))];
}
