import { createWriteStream } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EmbeddedChain, parseRawSpec } from '@tallystick/chain/embedded';
import { type Hash, TallyError } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { makeEmpty } from './make-empty.js';

/** What was written. */
export interface ExportedChain {
  readonly genesis: Hash;
  readonly head: { readonly number: number; readonly hash: Hash };
  /** Raw chain spec. */
  readonly spec: string;
  /** As `export-blocks --binary` of a Substrate node writes it. */
  readonly blocks: string;
}

/**
 * Writes spec.json and blocks.bin of the embedded chain of `data` into `folder`, which must be new or empty: what a node
 * needs to go on with that chain. The chain must be stopped (CONFIG_LOCKED), or it would grow after the export. One block
 * is in memory at a time. Throws DATA_FILE_UNREADABLE without a chain, CONFIG_FOLDER_UNWRITABLE, and what opening a chain throws.
 */
export async function exportChain(
  data: string,
  folder: string,
  signal: AbortSignal,
): Promise<ExportedChain> {
  const source = resolve(data, 'chain');
  const specPath = join(source, 'spec.json');
  const spec = parseRawSpec(await readSpec(specPath));
  await makeEmpty(folder);
  const chain = await EmbeddedChain.open({
    folder: source,
    spec,
    sealing: 'manual',
    clock: systemClock,
  });
  try {
    const { genesis, head } = chain;
    const files = { spec: join(folder, 'spec.json'), blocks: join(folder, 'blocks.bin') };
    await pipeline(chain.exportBlocks(), createWriteStream(files.blocks, { flags: 'wx' }), {
      signal,
    });
    await copyFile(specPath, files.spec);
    return { genesis, head: { number: head.number, hash: head.hash }, ...files };
  } finally {
    await chain.close();
  }
}

async function readSpec(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}
