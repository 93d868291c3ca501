import { readFile } from 'node:fs/promises';
import { asRunId, EXIT, type RunId, TallyError } from '@tallystick/kernel';
import { parseRunSpec, type RoundView, type RunEvent, type RunView } from '@tallystick/protocol';
import { type Command, Option } from 'commander';
import { connectApi } from '../api/connect-api.js';
import type { OperatorApi } from '../api/operator-api.js';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import { RoundTicker } from '../demo/round-ticker.js';
import { allRounds, watchRun } from '../demo/watch-run.js';
import { amountOption, integerOption } from '../options.js';

/** The exit code that tells how a run ended. */
export function exitCodeOfRun(view: RunView): number {
  switch (view.status) {
    case 'failed':
      return EXIT.runFailed;
    case 'cancelled':
      return EXIT.runCancelled;
    case 'completed':
    case 'queued':
    case 'running':
    case 'paused':
      return EXIT.ok;
  }
}

/** Parses the number of a run. */
export function runOf(text: string): RunId {
  if (!/^\d{1,9}$/.test(text))
    throw new TallyError('USAGE_INVALID', { detail: `${text} is no run number` });
  return asRunId(Number(text));
}

type Action = (api: OperatorApi, context: CommandContext) => Promise<number>;
type WithApi = (command: Command, action: Action) => Promise<void>;

/** `tally run launch|list|show|watch|pause|resume|stop|close`; the `run` command, for more of them. */
export function addRun(program: Command, makeContext: MakeContext): Command {
  const run = program.command('run').description('launch and follow training runs');
  const withApi: WithApi = (command, action) =>
    runCommand(command, makeContext, async (context, globals: GlobalOptions) =>
      action(await connectApi(globals, context), context),
    );
  addLaunch(run, withApi);
  run
    .command('list')
    .description('all runs')
    .addHelpText('after', '\nExample:\n  tally run list --json')
    .action((_options: unknown, command: Command) => withApi(command, list));
  addOneRun(run, withApi, { name: 'show', about: 'one run and its rounds', act: show });
  addOneRun(run, withApi, { name: 'watch', about: 'follow a run to its end', act: watch });
  const about = 'finish the open round and open no other';
  addOneRun(run, withApi, { name: 'pause', about, act: pause });
  addOneRun(run, withApi, { name: 'resume', about: 'go on with a paused run', act: resume });
  addOneRun(run, withApi, { name: 'stop', about: 'stop a run; closed rounds stay', act: stop });
  const refund = 'give the rest of an ended run’s pot back, once nothing of it is pending';
  addOneRun(run, withApi, { name: 'close', about: refund, act: close });
  return run;
}

interface LaunchFlags {
  readonly pot: bigint;
  readonly wait?: boolean;
  readonly closeWhenSettled?: boolean;
  readonly validation?: string;
  readonly challengeMs: number;
}

function addLaunch(run: Command, withApi: WithApi): void {
  const pot = new Option('--pot <units>', 'units that the chain holds for this run')
    .argParser(amountOption('--pot'))
    .default(0n, '0'); // commander prints a default as JSON, which has no bigint
  const challenge = new Option(
    '--challenge-ms <ms>',
    'how long a round, and an epoch, can be challenged',
  )
    .argParser(integerOption('--challenge-ms'))
    .default(3_600_000);
  const example = 'tally run launch examples/heart-disease/run.yaml --pot 1000 --wait';
  run
    .command('launch')
    .description('check run.yaml and start it')
    .argument('<run.yaml>', 'the run spec')
    .addOption(pot)
    .option('--wait', 'follow it to its end')
    .option('--close-when-settled', 'give the rest of the pot back after the last epoch')
    .addOption(challenge)
    .option('--validation <csv>', 'the public file that `payout.validation` names')
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action(async (file: string, _options: unknown, command: Command) => {
      const flags = command.opts<LaunchFlags>();
      await withApi(command, (api, context) => launch(file, flags, { api, context }));
    });
}

/** A command whose one argument is the number of a run. */
function addOneRun(
  run: Command,
  withApi: WithApi,
  spec: {
    readonly name: string;
    readonly about: string;
    readonly act: (run: RunId, api: OperatorApi, context: CommandContext) => Promise<number>;
  },
): void {
  run
    .command(spec.name)
    .description(spec.about)
    .argument('<run>', 'its number')
    .addHelpText('after', `\nExample:\n  tally run ${spec.name} 0`)
    .action((text: string, _options: unknown, command: Command) =>
      withApi(command, (api, context) => spec.act(runOf(text), api, context)),
    );
}

async function list(api: OperatorApi, { output }: CommandContext): Promise<number> {
  const runs = await api.runs();
  output.table(
    ['run', 'name', 'status', 'rounds', 'on chain'],
    runs.map((view) => [
      String(view.run),
      view.name,
      statusText(view),
      `${view.closedRounds}/${view.rounds}`,
      String(view.committedRounds),
    ]),
  );
  output.result(runs);
  return EXIT.ok;
}

/** Why the round does not count, or counts nothing. */
function noteOn({ status, emptyReason }: RoundView): string {
  if (status === 'void') return 'does not count: the chain voided it';
  return emptyReason ?? '';
}

/** The status, with the place of a run that waits. */
function statusText({ status, queue }: RunView): string {
  return queue === null ? status : `${status} (place ${queue})`;
}

async function pause(run: RunId, api: OperatorApi, { output }: CommandContext): Promise<number> {
  const view = await api.pause(run);
  const open = view.current === null ? '' : `; round ${view.current.round} is finished first`;
  output.say(`run ${view.run} is ${view.status} after ${view.closedRounds} rounds${open}`);
  output.result(view);
  return EXIT.ok;
}

async function resume(run: RunId, api: OperatorApi, { output }: CommandContext): Promise<number> {
  const view = await api.resume(run);
  output.say(`run ${view.run} is ${statusText(view)}`);
  output.result(view);
  return EXIT.ok;
}

async function stop(run: RunId, api: OperatorApi, { output }: CommandContext): Promise<number> {
  const view = await api.stop(run);
  output.say(`run ${view.run} is ${view.status} after ${view.closedRounds} rounds`);
  output.result(view);
  return EXIT.ok;
}

async function close(run: RunId, api: OperatorApi, { output }: CommandContext): Promise<number> {
  const view = await api.closeRun(run);
  output.say(
    `run ${run} is closed once nothing of it is pending; ${view.allotted} of ${view.funded} are promised`,
  );
  output.result(view);
  return EXIT.ok;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  });
}

async function launch(
  file: string,
  flags: LaunchFlags,
  { api, context }: { readonly api: OperatorApi; readonly context: CommandContext },
): Promise<number> {
  const text = await readText(file);
  const parsed = parseRunSpec(text, file);
  if (!parsed.ok) throw parsed.error;
  const view = await api.launch(text, flags.pot, {
    windows: { challengeMs: flags.challengeMs },
    closeWhenSettled: flags.closeWhenSettled === true,
    ...(flags.validation === undefined ? {} : { validation: await readText(flags.validation) }),
  });
  context.output.say(`run ${view.run} (${view.name}) launched: ${view.rounds} rounds`);
  if (flags.wait === true) return watch(asRunId(view.run), api, context);
  context.output.result(view);
  return EXIT.ok;
}

async function show(run: RunId, api: OperatorApi, { output }: CommandContext): Promise<number> {
  const view = await api.run(run);
  const rounds = await allRounds(api, run);
  output.say(
    `run ${view.run} ${view.name}: ${statusText(view)}${view.reason === null ? '' : ` (${view.reason})`}`,
  );
  output.say(`model ${view.model}`);
  const { best } = view;
  if (best !== null) {
    output.say(
      `best model ${best.model}: loss ${best.loss / 1e9}, measured in round ${best.round}`,
    );
  }
  output.table(
    ['round', 'status', 'included', 'excluded', 'weight', 'block', 'note'],
    rounds.map((round) => [
      String(round.round),
      round.status,
      String(round.included),
      String(round.excluded),
      round.sumWeight,
      round.commit === null ? '–' : String(round.commit.block),
      noteOn(round),
    ]),
  );
  const current = view.current;
  if (current !== null) {
    const waiting =
      current.waitingFor.length === 0 ? '' : `, waiting for nodes ${current.waitingFor.join(', ')}`;
    output.say(
      `round ${current.round} ${current.phase}: ${current.included} of ${current.cohort}${waiting}`,
    );
  }
  output.result({ ...view, roundList: rounds });
  return EXIT.ok;
}

async function watch(run: RunId, api: OperatorApi, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const ticker = output.isTty ? new RoundTicker(output, await sizeOf(api, run)) : undefined;
  const onEvent = (event: RunEvent): void => {
    if (ticker !== undefined) {
      ticker.onEvent(event);
      return;
    }
    const node = event.node === undefined ? '' : `  node ${event.node}`;
    const round = event.round === undefined ? '' : `  round ${event.round}`;
    output.say(`${event.type}${round}${node}`);
    output.stream(event);
  };
  const view = await watchRun(api, run, { signal, onEvent });
  output.say(`run ${run} ${view.status}${view.reason === null ? '' : `: ${view.reason}`}`);
  output.result({ type: 'result', ...view });
  return exitCodeOfRun(view);
}

async function sizeOf(
  api: OperatorApi,
  run: RunId,
): Promise<{ readonly rounds: number; readonly sites: number }> {
  const { rounds, current } = await api.run(run);
  return { rounds, sites: current?.cohort ?? 0 };
}
