import { resolve } from 'node:path';
import { asHash, EXIT, type Hash, TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import type { RunView } from '@tallystick/protocol';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { type MakeContext, runCommand } from '../command-context.js';
import { addPassport } from './passport-command.js';
import { runOf } from './run-commands.js';

/** Throws MODEL_NONE_BEST when no site measured a loss yet. */
function bestOf({ run, best }: RunView): Hash {
  if (best === null) throw new TallyError('MODEL_NONE_BEST', { run });
  return asHash(best.model);
}

/** `tally model get`. */
export function addModel(program: Command, makeContext: MakeContext): void {
  const model = program.command('model').description('models of runs');
  addPassport(model, makeContext);
  model
    .command('get')
    .description('download the newest model of a run, or its best one, as a safetensors file')
    .argument('<run>', 'number of the run')
    .option('--out <file>', 'where to write it', 'model.safetensors')
    .option('--best', 'the model with the smallest loss that the sites measured')
    .addHelpText('after', '\nExample:\n  tally model get 0 --out heart.safetensors')
    .action(async (text: string, _options: unknown, command: Command) => {
      const { out, best } = command.opts<{ out: string; best?: boolean }>();
      await runCommand(command, makeContext, async (context, globals) => {
        const { output } = context;
        const api = await connectApi(globals, context);
        const view = await api.run(runOf(text));
        const id = best === true ? bestOf(view) : asHash(view.model);
        const bytes = await api.blob(id);
        await durableWrite(resolve(out), bytes);
        output.say(`${out}: ${bytes.length} bytes, sha256 ${id} checked`);
        output.result({
          run: view.run,
          file: resolve(out),
          bytes: bytes.length,
          sha256: id,
        });
        return EXIT.ok;
      });
    });
}
