import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checkPassport, decodePassport, type PassportReport } from '@tallystick/audit';
import { asHash, asPublicKey, EXIT, TallyError } from '@tallystick/kernel';
import { durableWrite, sha256 } from '@tallystick/kernel/node';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';
import { passportOf } from '../federation/passport-of.js';
import { runOf } from './run-commands.js';

interface PassportFlags {
  readonly write?: string;
  readonly coordinator?: string;
  readonly block?: string;
}

/** `tally model passport`. */
export function addPassport(model: Command, makeContext: MakeContext): void {
  model
    .command('passport')
    .description('check a model file against the passport beside it, offline')
    .argument('<file>', 'safetensors file; its passport is <file>.passport')
    .option('--write <run>', 'first write the passport, from the running deployment')
    .option(
      '--coordinator <key>',
      'coordinator key that you hold, as an invite or a node’s log has it',
    )
    .option('--block <hash>', 'hash of the passport’s block that you hold')
    .addHelpText('after', '\nExample:\n  tally model passport heart.safetensors')
    .action(async (file: string, _options: unknown, command: Command) => {
      const flags = command.opts<PassportFlags>();
      await runCommand(command, makeContext, async (context, globals) => {
        const bytes = new Uint8Array(await readModel(resolve(file)));
        if (flags.write !== undefined) {
          const api = await connectApi(globals, context);
          const { url } = await chainOf(globals.data);
          const run = runOf(flags.write);
          const passport = await passportOf({ api, url, run, model: sha256(bytes) });
          await durableWrite(`${resolve(file)}.passport`, passport);
        }
        const passport = decodePassport(
          new Uint8Array(await readModel(`${resolve(file)}.passport`)),
        );
        const report = checkPassport(bytes, passport, {
          ...(flags.coordinator === undefined
            ? {}
            : { coordinatorKey: asPublicKey(flags.coordinator) }),
          ...(flags.block === undefined ? {} : { block: asHash(flags.block.replace(/^0x/, '')) }),
        });
        sayPassport(context, report);
        return report.verdict === 'FAILED' ? EXIT.badInput : EXIT.ok;
      });
    });
}

async function readModel(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  });
}

function sayPassport({ output }: CommandContext, report: PassportReport): void {
  const { model, run, round, chain, spec, included, block, finality, consents, privacy } = report;
  const where = block === null ? 'not reached' : `${block.number} ${block.hash}`;
  output.say(`model     ${model}`);
  output.say(`run       ${run}, round ${round}, ${included} nodes counted`);
  output.say(`spec      ${spec ?? 'not reached'}`);
  output.say(`chain     ${chain}`);
  output.say(`block     ${where}`);
  output.say(`finality  ${finality}`);
  output.say(`consents  ${consents}`);
  output.say(`privacy   ${privacy}`);
  output.say(report.summary);
  output.result(report);
}
