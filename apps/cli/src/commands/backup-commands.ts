import { resolve } from 'node:path';
import { EXIT } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import type { Restored } from '@tallystick/sandbox';
import type { Command } from 'commander';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';

interface RestoreFlags {
  readonly nothingSignedSince?: boolean;
}

/** `tally backup` and `tally restore`: a stopped deployment as one folder, and back. */
export function addBackup(program: Command, makeContext: MakeContext): void {
  program
    .command('backup')
    .description(
      'copy a stopped deployment: keys, database, chain, signing log, models and updates',
    )
    .argument('<dir>', 'new or empty folder')
    .addHelpText(
      'after',
      '\nTALLY_DATABASE__URL and TALLY_BLOBS are taken as the coordinator takes them.' +
        '\n\nExample:\n  tally backup /mnt/backup/2026-03-01 --data ./federation',
    )
    .action(async (folder: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, { data }) => backup(data, folder, context));
    });
  program
    .command('restore')
    .description('check a backup and put it into an empty data folder')
    .argument('<dir>', 'folder of the backup')
    .option(
      '--nothing-signed-since',
      'the coordinator never ran after this backup, so open runs may go on without a newer signing log',
    )
    .addHelpText('after', '\nExample:\n  tally restore /mnt/backup/2026-03-01 --data ./federation')
    .action(async (folder: string, _options: unknown, command: Command) => {
      const flags = command.opts<RestoreFlags>();
      await runCommand(command, makeContext, (context, globals) =>
        restore(folder, flags, { context, globals }),
      );
    });
}

async function backup(data: string, folder: string, context: CommandContext): Promise<number> {
  const { output, logger, signal, outside } = context;
  const { database, blobs } = outside;
  const { backUp } = await import('@tallystick/sandbox');
  const into = resolve(folder);
  const done = await backUp({ data, into, database, blobs, clock: systemClock, logger, signal });
  output.say(`${into}: ${done.files} files, ${done.bytes} bytes, each with its SHA-256`);
  output.say('It holds the keys of the deployment: keep it as closed as the data folder itself.');
  output.say(
    'Copy <data>/signing.log elsewhere often: a restore is safe with the newest one alone.',
  );
  if (done.dumpCommand !== undefined) {
    output.say('The database is NOT in it, for pg_dump is not installed here. Run:');
    output.say(`  ${done.dumpCommand}`);
  }
  if (done.nodes.length > 0) {
    output.say(`Not in it: the nodes ${done.nodes.join(', ')}. A site keeps its own folder.`);
  }
  output.result({ folder: into, ...done });
  return EXIT.ok;
}

async function restore(
  folder: string,
  { nothingSignedSince: isNothingSignedSince = false }: RestoreFlags,
  { context, globals }: { readonly context: CommandContext; readonly globals: GlobalOptions },
): Promise<number> {
  const { output, logger, signal, outside } = context;
  const { database, blobs } = outside;
  const sandbox = await import('@tallystick/sandbox');
  const data = resolve(globals.data);
  const from = resolve(folder);
  const options = { from, data, database, blobs, isNothingSignedSince, logger, signal };
  const done = await sandbox.restore(options);
  const at = new Date(done.createdAtMs).toISOString();
  output.say(`${data}: ${done.files} files of ${at}, each checked`);
  output.say(sayLog(done.signingLog));
  if (done.restoreCommand !== undefined) {
    output.say('The database is not restored yet. Run, against an empty one:');
    output.say(`  ${done.restoreCommand}`);
  }
  output.say(`Next: tally up --data ${globals.data}`);
  output.result({ data, ...done });
  return EXIT.ok;
}

function sayLog(log: Restored['signingLog']): string {
  switch (log) {
    case 'kept':
      return 'The signing log that was there is kept: nothing that was signed will be signed differently.';
    case 'backup':
      return 'Open runs go on, since nothing was signed after the backup.';
    case 'unknown':
      return 'The signing log is as old as the backup: runs that were open will end, and can be launched anew.';
  }
}
