/**
 * The chain process. Settings: one JSON object as the first argument, or TALLY_CHAIN_FOLDER, TALLY_CHAIN_SPEC,
 * TALLY_CHAIN_KEY, TALLY_CHAIN_HOST and TALLY_CHAIN_PORT. Prints one JSON line on stdout when it listens:
 * {"event":"chain.listening","url","genesis","pid"}; everything else goes to stderr. SIGTERM and SIGINT drain.
 */
import { mkdir, readFile } from 'node:fs/promises';
import process from 'node:process';
import { isTallyError, type LogFields, type Logger, TallyError } from '@tallystick/kernel';
import { loadKey, type NodeSigner, systemClock } from '@tallystick/kernel/node';
import {
  EmbeddedChain,
  parseRawSpec,
  type RawSpec,
  type RpcServer,
  serveRpc,
} from './embedded/index.js';

const EXIT_USAGE = 64;
const EXIT_INTERNAL = 70;
const EXIT_CONFIG = 78;
const DRAIN_DEADLINE_MS = 5000;
const DEFAULT_PORT = 9955;

interface Settings {
  /** Folder for the block log; made if it is missing. */
  readonly folder: string;
  /** Raw chain spec, JSON. */
  readonly specPath: string;
  /** PKCS#8 PEM of the authority key. */
  readonly keyPath: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Lines of JSON on stderr: a supervisor keeps them in the chain's log. */
const logger: Logger = {
  debug: () => undefined,
  info: (event, fields) => log('info', event, fields),
  warn: (event, fields) => log('warn', event, fields),
  error: (event, fields) => log('error', event, fields),
};

function log(level: string, event: string, fields: LogFields = {}): void {
  process.stderr.write(`${JSON.stringify({ level, event, ...fields })}\n`);
}

function readSettings(argument: string | undefined, env: NodeJS.ProcessEnv): Settings {
  const given: unknown = argument === undefined ? {} : parseArgument(argument);
  const fields = new Map(typeof given === 'object' && given !== null ? Object.entries(given) : []);
  const text = (name: string, variable: string, fallback?: string): string => {
    const value: unknown = fields.get(name) ?? env[variable] ?? fallback;
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new TallyError('CONFIG_INVALID', { faults: `${name} (${variable}) is missing` });
  };
  const port = Number(text('port', 'TALLY_CHAIN_PORT', String(DEFAULT_PORT)));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TallyError('CONFIG_INVALID', {
      faults: 'port (TALLY_CHAIN_PORT) must be 0 to 65535',
    });
  }
  return {
    folder: text('folder', 'TALLY_CHAIN_FOLDER'),
    specPath: text('specPath', 'TALLY_CHAIN_SPEC'),
    keyPath: text('keyPath', 'TALLY_CHAIN_KEY'),
    host: text('host', 'TALLY_CHAIN_HOST', '127.0.0.1'),
    port,
  };
}

function parseArgument(argument: string): unknown {
  try {
    const value: unknown = JSON.parse(argument);
    return value;
  } catch (error) {
    throw new TallyError(
      'USAGE_INVALID',
      { detail: 'the argument must be one JSON object' },
      error,
    );
  }
}

async function readSpec(path: string): Promise<RawSpec> {
  return parseRawSpec(await readText(path));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readKey(path: string): Promise<NodeSigner> {
  try {
    return await loadKey(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason }, error);
  }
}

function unreadable(path: string, error: unknown): TallyError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('CONFIG_INVALID', { faults: `${path}: ${reason}` }, error);
}

async function start(): Promise<void> {
  const settings = readSettings(process.argv[2], process.env);
  const { folder, host, port } = settings;
  const spec = await readSpec(settings.specPath);
  const authority = await readKey(settings.keyPath);
  await makeFolder(folder);
  const options = { folder, spec, authority, sealing: 'instant', clock: systemClock } as const;
  const chain = await EmbeddedChain.open(options);
  const server = await serveOrClose(chain, { host, port });
  drainOnSignal(chain, server);
  const ready = { event: 'chain.listening', url: server.url, genesis: chain.genesis };
  process.stdout.write(`${JSON.stringify({ ...ready, pid: process.pid })}\n`);
}

async function serveOrClose(
  chain: EmbeddedChain,
  address: { host: string; port: number },
): Promise<RpcServer> {
  try {
    return await serveRpc(chain, { ...address, logger });
  } catch (error) {
    await chain.close();
    throw error;
  }
}

/** Every announced block is on disk already, so draining is only saying goodbye. */
function drainOnSignal(chain: EmbeddedChain, server: RpcServer): void {
  const drain = async (): Promise<void> => {
    setTimeout(() => process.exit(EXIT_INTERNAL), DRAIN_DEADLINE_MS).unref();
    await server.close();
    await chain.close();
    process.exitCode = 0;
  };
  const onSignal = (): void => {
    drain().catch(fail);
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
}

function fail(error: unknown): void {
  const known = isTallyError(error) ? error : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  const hint = known === undefined ? '' : `\n${known.hint}`;
  process.stderr.write(`${known?.code ?? 'INTERNAL'}: ${reason}${hint}\n`);
  process.exitCode = exitCode(known?.code ?? '');
}

function exitCode(code: string): number {
  if (code.startsWith('CONFIG_')) return EXIT_CONFIG;
  return code.startsWith('USAGE_') ? EXIT_USAGE : EXIT_INTERNAL;
}

// Whoever read our output may be gone; the chain goes on.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
/** A full disk or a broken runtime ends the process: the block log is whole, and a supervisor starts it again. */
process.once('uncaughtException', (error) => {
  fail(error);
  process.exit();
});
start().catch(fail);
