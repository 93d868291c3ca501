import { EXIT, TallyError } from '@tallystick/kernel';
import type { Command } from 'commander';
import { OperatorApi } from '../api/operator-api.js';
import { storeLogin } from '../api/stored-login.js';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { pinOf } from '../options.js';

/** `tally login`. */
export function addLogin(program: Command, makeContext: MakeContext): void {
  program
    .command('login')
    .description('keep the address and token of a coordinator, so that no command needs them again')
    .argument('<url>', 'the coordinator')
    .option(
      '--pin <pin>',
      'public key of its TLS certificate: sha256/…, as the operator reads it out',
    )
    .addHelpText(
      'after',
      '\nThe token comes from TALLY_TOKEN, from a pipe, or is asked for; never from an argument, which others can see.' +
        '\n\nExample:\n  tally login https://coordinator.example < token.txt',
    )
    .action(async (url: string, _options: unknown, command: Command) => {
      const { pin } = command.opts<{ pin?: string }>();
      await runCommand(command, makeContext, (context) => login(url, pin, context));
    });
}

/** Nothing is stored that the coordinator does not accept. */
async function login(
  text: string,
  given: string | undefined,
  context: CommandContext,
): Promise<number> {
  const { output, signal, proxy, configFolder } = context;
  const url = addressOf(text);
  const token = context.token ?? (await askToken(context));
  if (token === '') throw new TallyError('AUTH_REQUIRED');
  const told = given ?? context.pin;
  const pin = told === undefined ? undefined : pinOf(told);
  const way = { pins: pin === undefined ? [] : [pin], proxy };
  await new OperatorApi({ url, token, way, signal }).runs();
  const file = await storeLogin(configFolder, {
    url,
    token,
    ...(pin === undefined ? {} : { pin }),
  });
  output.say(`signed in at ${url}; the token is in ${file}, readable by you alone`);
  output.result({ url, file });
  return EXIT.ok;
}

function askToken({ input, signal }: CommandContext): Promise<string> {
  return input.isTty ? input.ask('token', '', signal) : input.piped();
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return text.replace(/\/+$/, '');
  throw new TallyError('USAGE_INVALID', { detail: `${text} is no http(s) address` });
}
