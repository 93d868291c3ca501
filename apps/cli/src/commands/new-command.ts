import { basename, join, resolve } from 'node:path';
import { EXIT, TallyError } from '@tallystick/kernel';
import { Argument, type Command } from 'commander';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { type CsvShape, inspectCsv } from '../template/inspect-csv.js';
import { planStudy, type StudyChoice } from '../template/plan-study.js';
import { writeStudy } from '../template/write-study.js';

interface NewFlags {
  readonly file: string;
  readonly folder?: string;
  readonly label?: string;
  readonly features?: string;
  readonly classes?: string;
}

/** `tally new`. */
export function addNew(program: Command, makeContext: MakeContext): void {
  program
    .command('new')
    .description('a folder to start from: run.yaml, node.yaml and README for a CSV of your own')
    .addArgument(new Argument('<template>', 'what to start from').choices(['csv']))
    .requiredOption('--file <csv>', 'CSV with a header line; it is copied')
    .option('--folder <dir>', 'new or empty folder; default: named after the file')
    .option('--label <column>', 'what is predicted; asked for on a terminal')
    .option('--features <columns>', 'what it is predicted from, by commas; default: all numbers')
    .option('--classes <values>', 'the label’s classes, by commas; default: looked up in the file')
    .addHelpText('after', '\nExample:\n  tally new csv --file patients.csv --label outcome')
    .action(async (_template: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context) => make(command.opts<NewFlags>(), context));
    });
}

async function make(flags: NewFlags, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const file = resolve(flags.file);
  const shape = await inspectCsv(file, signal);
  const name = nameOf(file);
  const plan = planStudy(shape, await choose(shape, flags, context));
  const folder = resolve(flags.folder ?? name);
  const files = await writeStudy({ folder, name, file, plan }, signal);
  output.say(`${shape.rows} rows, ${plan.features.length} features, label ${plan.label.column}`);
  for (const { column, why } of plan.left.slice(0, 10)) output.say(`left out ${column}: ${why}`);
  for (const path of files) output.say(`  ${join(folder, path)}`);
  output.say(`Next: tally simulate ${folder}`);
  output.result({ folder, files, rows: shape.rows, ...plan });
  return EXIT.ok;
}

/** Flags first; on a terminal what is missing is asked. */
async function choose(
  shape: CsvShape,
  flags: NewFlags,
  { input, output, signal }: CommandContext,
): Promise<StudyChoice> {
  const names = shape.columns.map((column) => column.name);
  let { label, features } = flags;
  if (label === undefined && input.isTty && !output.json) {
    const kinds = shape.columns.map(({ name, kind, distinct, missing }) => [
      name,
      kind,
      distinct === undefined ? 'many' : String(distinct.length),
      String(missing),
    ]);
    output.table(['column', 'holds', 'values', 'empty'], kinds.slice(0, 100));
    label = await input.ask('label: which column is predicted', names.at(-1) ?? '', signal);
    features ??= await input.ask('features, by commas', 'all numbers', signal);
    if (features === 'all numbers') features = undefined;
  }
  if (label === undefined) {
    const detail = `say with --label which column is predicted: ${names.join(', ').slice(0, 500)}`;
    throw new TallyError('USAGE_INVALID', { detail });
  }
  return {
    label,
    ...(features === undefined ? {} : { features: listOf(features) }),
    ...(flags.classes === undefined ? {} : { classes: listOf(flags.classes).map(classOf) }),
  };
}

const listOf = (text: string): readonly string[] => text.split(',').map((part) => part.trim());

function classOf(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw new TallyError('USAGE_INVALID', { detail: `--classes takes numbers, got ${text}` });
}

/** A name for run, site and data set out of the file's. */
function nameOf(file: string): string {
  const plain = basename(file)
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
  return plain === '' ? 'study' : plain;
}
