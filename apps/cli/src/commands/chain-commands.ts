import { resolve } from 'node:path';
import { ss58Account } from '@tallystick/chain/embedded';
import {
  type AccountId,
  asAccountId,
  asPublicKey,
  EXIT,
  type PublicKey,
  TallyError,
} from '@tallystick/kernel';
import type { Validator } from '@tallystick/sandbox';
import type { Command } from 'commander';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { exportChain } from '../federation/export-chain.js';
import { collect } from '../options.js';

/** `tally chain spec` and `tally chain export`. */
export function addChain(program: Command, makeContext: MakeContext): void {
  const chain = program.command('chain').description('chains that several organisations keep');
  chain
    .command('spec')
    .description('make the keys and the raw chain spec of a deployment on a chain of validators')
    .requiredOption(
      '--validator <account:key>',
      'an organisation’s account and the Ed25519 key of its node, hex or SS58 (repeatable)',
      collect,
    )
    .addHelpText(
      'after',
      '\nExample:\n  tally chain spec --data ./federation --validator $ACCOUNT_A:$KEY_A --validator $ACCOUNT_B:$KEY_B',
    )
    .action(async (_options: unknown, command: Command) => {
      const { validator } = command.opts<{ validator: readonly string[] }>();
      await runCommand(command, makeContext, (context, globals) =>
        makeSpec(globals.data, validator, context),
      );
    });
  chain
    .command('export')
    .description('write the stopped embedded chain for nodes that go on with it')
    .argument('<dir>', 'new or empty folder')
    .addHelpText('after', '\nExample:\n  tally chain export ./graduation')
    .action(async (folder: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async ({ output, signal }, { data }) => {
        const exported = await exportChain(data, resolve(folder), signal);
        const { genesis, head } = exported;
        output.say(`${head.number} blocks of chain ${genesis} written to ${folder}`);
        output.say(`the newest is ${head.hash}`);
        output.result(exported);
        return EXIT.ok;
      });
    });
}

async function makeSpec(
  data: string,
  texts: readonly string[],
  { output }: CommandContext,
): Promise<number> {
  const validators = texts.map(validatorOf);
  if (new Set(validators.flatMap(({ account, key }) => [account, key])).size < 2 * texts.length) {
    throw new TallyError('USAGE_INVALID', {
      detail: '--validator: every account and key must differ from all others',
    });
  }
  const { openDataFolder, openDeployment } = await import('@tallystick/sandbox');
  const { genesis, specPath } = await openDeployment(await openDataFolder(data), { validators });
  output.say(`chain  ${genesis}, kept by ${validators.length} validators`);
  output.say(`spec   ${specPath}`);
  output.say('Next: give the spec to every validator, then tally up --chain-url.');
  output.result({ genesis, spec: specPath, validators });
  return EXIT.ok;
}

function validatorOf(text: string): Validator {
  const [account, key, ...rest] = text.split(':');
  try {
    if (account === undefined || key === undefined || rest.length > 0) {
      throw new RangeError('it is an account and a key with a colon between');
    }
    return { account: accountOf(account), key: keyOf(key) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('USAGE_INVALID', { detail: `--validator ${text}: ${reason}` }, error);
  }
}

function accountOf(text: string): AccountId {
  return /^(0x)?[0-9a-f]{64}$/.test(text)
    ? asAccountId(text.replace(/^0x/, ''))
    : ss58Account(text);
}

function keyOf(text: string): PublicKey {
  return asPublicKey(accountOf(text));
}
