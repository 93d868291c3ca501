import { resolve } from 'node:path';
import { asHash, EXIT } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { type MakeContext, runCommand } from '../command-context.js';
import { runOf } from './run-commands.js';

/** `tally model get`. */
export function addModel(program: Command, makeContext: MakeContext): void {
  const model = program.command('model').description('models of runs');
  model
    .command('get')
    .description('download the newest model of a run as a safetensors file')
    .argument('<run>', 'number of the run')
    .option('--out <file>', 'where to write it', 'model.safetensors')
    .addHelpText('after', '\nExample:\n  tally model get 0 --out heart.safetensors')
    .action(async (text: string, _options: unknown, command: Command) => {
      const { out } = command.opts<{ out: string }>();
      await runCommand(command, makeContext, async (context, globals) => {
        const { output } = context;
        const api = await connectApi(globals, context);
        const view = await api.run(runOf(text));
        const bytes = await api.blob(asHash(view.model));
        await durableWrite(resolve(out), bytes);
        output.say(`${out}: ${bytes.length} bytes, sha256 ${view.model} checked`);
        output.result({
          run: view.run,
          file: resolve(out),
          bytes: bytes.length,
          sha256: view.model,
        });
        return EXIT.ok;
      });
    });
}
