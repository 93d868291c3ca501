import { resolve } from 'node:path';
import { checkPassport, decodePassport } from '@tallystick/audit';
import { asHash, EXIT, type Hash, isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import type { RunView } from '@tallystick/protocol';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';
import { passportOf, type PassportSource } from '../federation/passport-of.js';
import { addPassport } from './passport-command.js';
import { runOf } from './run-commands.js';

/** Throws MODEL_NONE_BEST when no site measured a loss yet. */
function bestOf({ run, best }: RunView): Hash {
  if (best === null) throw new TallyError('MODEL_NONE_BEST', { run });
  return asHash(best.model);
}

interface GetFlags {
  readonly out: string;
  readonly best?: boolean;
  readonly passport: boolean;
  readonly chainUrl?: string;
}

interface Setting {
  readonly context: CommandContext;
  readonly globals: GlobalOptions;
}

/** `tally model get|passport`. */
export function addModel(program: Command, makeContext: MakeContext): void {
  const model = program.command('model').description('models of runs');
  addPassport(model, makeContext);
  model
    .command('get')
    .description('download the newest model of a run, or its best one, and its passport beside it')
    .argument('<run>', 'number of the run')
    .option('--out <file>', 'where to write it', 'model.safetensors')
    .option('--best', 'the model with the smallest loss that the sites measured')
    .option('--no-passport', 'the model alone')
    .option('--chain-url <url>', 'RPC of the chain; default: the chain of the data folder')
    .addHelpText('after', '\nExample:\n  tally model get 0 --out heart.safetensors')
    .action(async (text: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        get(runOf(text), command.opts<GetFlags>(), { context, globals }),
      );
    });
}

async function get(run: RunId, flags: GetFlags, { context, globals }: Setting): Promise<number> {
  const { output } = context;
  const api = await connectApi(globals, context);
  const view = await api.run(run);
  const id = flags.best === true ? bestOf(view) : asHash(view.model);
  const file = resolve(flags.out);
  const bytes = await api.blob(id);
  await durableWrite(file, bytes);
  output.say(`${flags.out}: ${bytes.length} bytes, sha256 ${id} checked`);
  const url = flags.chainUrl ?? (flags.passport ? (await chainOf(globals.data)).url : '');
  const passport = flags.passport
    ? await passportFor(bytes, { api, url, run, model: id })
    : undefined;
  if (passport !== undefined) {
    await durableWrite(`${file}.passport`, passport);
    output.say(`${flags.out}.passport: the model’s path to the chain, checked`);
  } else if (flags.passport) output.say('no passport: no round on the chain led to this model');
  const names = passport !== undefined ? { passport: `${file}.passport` } : {};
  output.result({ run: view.run, file, bytes: bytes.length, sha256: id, ...names });
  return EXIT.ok;
}

/** A passport that holds; undefined for a model that no committed round led to: the first, or one on its way. */
async function passportFor(
  bytes: Uint8Array,
  source: PassportSource,
): Promise<Uint8Array | undefined> {
  try {
    const passport = await passportOf(source);
    const report = checkPassport(bytes, decodePassport(passport));
    if (report.verdict !== 'FAILED') return passport;
    throw new TallyError('INTERNAL', { reason: `the passport does not hold: ${report.summary}` });
  } catch (error) {
    if (isTallyError(error, 'MODEL_UNKNOWN')) return undefined;
    throw error;
  }
}
