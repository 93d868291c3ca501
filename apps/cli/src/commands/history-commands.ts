import { resolve } from 'node:path';
import { EXIT, TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import { type Command, Option } from 'commander';
import { connectApi } from '../api/connect-api.js';
import type { OperatorApi } from '../api/operator-api.js';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { compareRuns } from '../history/compare-runs.js';
import { csvOf } from '../history/csv.js';
import { exportMlflow } from '../history/export-mlflow.js';
import { exportTensorboard } from '../history/export-tensorboard.js';
import { latexOf } from '../history/latex.js';
import { ROUND_COLUMNS, roundRows } from '../history/round-rows.js';
import { readHistory, type RunHistory } from '../history/run-history.js';
import { seriesOf } from '../history/series-of.js';
import { runOf } from './run-commands.js';

/** Runs in one comparison: what a table can still show. */
const MAX_COMPARED = 50;

interface CompareFlags {
  readonly all?: boolean;
  readonly csv?: boolean;
  readonly latex?: boolean;
}

interface ExportFlags {
  readonly tensorboard?: string;
  readonly csv?: string;
  readonly mlflow?: string;
}

/** `tally run compare|export`. */
export function addHistory(run: Command, makeContext: MakeContext): void {
  run
    .command('compare')
    .description('results and specs of several runs side by side; only what differs')
    .argument('<run...>', 'their numbers')
    .option('--all', 'also what is the same in all of them')
    .addOption(new Option('--csv', 'as CSV').conflicts('latex'))
    .addOption(new Option('--latex', 'as a LaTeX tabular').conflicts('csv'))
    .addHelpText('after', '\nExample:\n  tally run compare 3 7 --latex')
    .action(async (texts: readonly string[], _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const runs = [...new Set(texts.map(runOf))];
        if (runs.length > MAX_COMPARED) {
          const detail = `at most ${MAX_COMPARED} runs can be compared, not ${runs.length}`;
          throw new TallyError('USAGE_INVALID', { detail });
        }
        const api = await connectApi(globals, context);
        const histories: RunHistory[] = [];
        for (const id of runs) histories.push(await readHistory(api, id));
        return compare(histories, command.opts<CompareFlags>(), context);
      });
    });
  run
    .command('export')
    .description('the rounds of a run for TensorBoard, MLflow or a spreadsheet')
    .argument('<run>', 'its number')
    .option('--tensorboard <dir>', 'event files: one TensorBoard run per site, and pooled')
    .option('--csv <file>', 'one line per round, site and metric')
    .option('--mlflow <url>', 'a tracking server: one run per site below a pooled one')
    .addHelpText('after', '\nExample:\n  tally run export 0 --tensorboard ./runs --csv rounds.csv')
    .action(async (text: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const flags = command.opts<ExportFlags>();
        const id = runOf(text);
        checkTargets(flags);
        return exportRounds(await connectApi(globals, context), { id, flags }, context);
      });
    });
}

function compare(
  histories: readonly RunHistory[],
  flags: CompareFlags,
  { output }: CommandContext,
): number {
  const rows = compareRuns(histories);
  const shown = flags.all === true ? rows : rows.filter(({ differs }) => differs);
  const head = ['field', ...histories.map(({ view }) => `run ${view.run}`)];
  const cells = shown.map(({ field, values }) => [field, ...values]);
  if (flags.csv === true) output.say(csvOf(head, cells).trimEnd());
  else if (flags.latex === true) output.say(latexOf(head, cells).trimEnd());
  else if (shown.length === 0) output.say('no difference; --all shows every field');
  else output.table(head, cells);
  output.result({ runs: histories.map(({ view }) => view.run), rows: shown });
  return EXIT.ok;
}

/** Nothing is asked of the coordinator before the command is known to have somewhere to write. */
function checkTargets({ tensorboard, csv, mlflow }: ExportFlags): void {
  if (tensorboard === undefined && csv === undefined && mlflow === undefined) {
    const detail = 'say where to: --tensorboard <dir>, --csv <file> or --mlflow <url>';
    throw new TallyError('USAGE_INVALID', { detail });
  }
  if (mlflow !== undefined && !/^https?:\/\/[^\s]+$/.test(mlflow)) {
    const detail = `--mlflow takes an http(s) address, got ${mlflow}`;
    throw new TallyError('USAGE_INVALID', { detail });
  }
}

async function exportRounds(
  api: OperatorApi,
  { id, flags }: { readonly id: ReturnType<typeof runOf>; readonly flags: ExportFlags },
  { output, signal }: CommandContext,
): Promise<number> {
  const history = await readHistory(api, id);
  const series = seriesOf(history);
  const files: string[] = [];
  if (flags.tensorboard !== undefined) {
    const folder = resolve(flags.tensorboard);
    const { createdAtMs } = history.view;
    files.push(...(await exportTensorboard(series, { folder, createdAtMs })));
    output.say(`${series.length} TensorBoard runs in ${folder}: tensorboard --logdir ${folder}`);
  }
  if (flags.csv !== undefined) {
    files.push(await writeCsv(resolve(flags.csv), history));
    output.say(`${history.rounds.length} rounds in ${flags.csv}`);
  }
  const mlflow =
    flags.mlflow === undefined
      ? []
      : await exportMlflow(history, series, { target: { url: flags.mlflow }, signal });
  if (flags.mlflow !== undefined) output.say(`${mlflow.length} MLflow runs at ${flags.mlflow}`);
  const names = series.map(({ name }) => name);
  output.result({ run: id, rounds: history.rounds.length, series: names, files, mlflow });
  return EXIT.ok;
}

async function writeCsv(file: string, history: RunHistory): Promise<string> {
  try {
    await durableWrite(file, csvOf(ROUND_COLUMNS, roundRows(history)));
    return file;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: file, reason }, error);
  }
}
