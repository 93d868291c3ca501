import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunId } from '@tallystick/kernel';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import type { CommandContext, GlobalOptions } from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';
import { exportRun } from './export-run.js';

/** Where the chain of a bundle is read; the data folder's own without them. */
export interface ChainFlags {
  readonly chainUrl?: string;
  readonly chainSpec?: string;
}

/** What a command exports with. */
export interface ExportSetting {
  readonly flags: ChainFlags;
  readonly context: CommandContext;
  readonly globals: GlobalOptions;
}

/** Adds the options of `ChainFlags`. */
export function withChain(command: Command): Command {
  return command
    .option('--chain-url <url>', 'RPC of the chain; default: the chain of the data folder')
    .option('--chain-spec <file>', 'raw chain spec; default: <data>/chain/spec.json');
}

/** Writes the bundle of a run of the running deployment to `folder`. */
export async function exportBundle(
  run: RunId,
  folder: string,
  { flags, context, globals }: ExportSetting,
): ReturnType<typeof exportRun> {
  const api = await connectApi(globals, context);
  const chainUrl = flags.chainUrl ?? (await chainOf(globals.data)).url;
  const chainSpecFile = flags.chainSpec ?? join(resolve(globals.data), 'chain', 'spec.json');
  return exportRun(run, folder, { api, chainUrl, chainSpecFile });
}

/** Calls `use` with a folder that holds the bundle of a run, and removes it afterwards. */
export async function withExported<T>(
  run: RunId,
  setting: ExportSetting,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bundle-'));
  try {
    await exportBundle(run, folder, setting);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
