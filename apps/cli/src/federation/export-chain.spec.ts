import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedChain, genesisHash, verifyBlocks } from '@tallystick/chain/embedded';
import { developmentSpec, TestChains } from '@tallystick/chain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportChain } from './export-chain.js';

describe('exportChain', () => {
  const chains = new TestChains();
  const { signal } = new AbortController();
  let data: string;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'tally-export-'));
  });

  afterEach(async () => {
    await chains.dispose();
    await rm(data, { recursive: true, force: true });
  });

  /** The chain of `data`, with some blocks. */
  async function grown(blocks: number): Promise<EmbeddedChain> {
    const folder = join(data, 'chain');
    await mkdir(folder, { recursive: true });
    const spec = await developmentSpec();
    await writeFile(join(folder, 'spec.json'), JSON.stringify(spec));
    const chain = await chains.open({ folder, spec });
    for (let i = 0; i < blocks; i++) {
      await chains.clock.advance(6_000);
      await chain.seal();
    }
    return chain;
  }

  it('writes what a verifier, and so a node, executes to the same newest block', async () => {
    const chain = await grown(5);
    const { hash } = chain.head;
    await chain.close();
    const exported = await exportChain(data, join(data, 'out'), signal);
    const spec = await developmentSpec();
    expect(exported).toMatchObject({ genesis: genesisHash(spec), head: { number: 5, hash } });
    expect(JSON.parse(await readFile(exported.spec, 'utf8'))).toEqual(spec);
    const blocks = new Uint8Array(await readFile(exported.blocks));
    expect(await verifyBlocks({ spec, blocks })).toMatchObject({
      ok: true,
      head: { number: 5, hash },
    });
  });

  it('refuses a chain that runs, a folder with something in it, and a folder without a chain', async () => {
    const chain = await grown(1);
    const out = join(data, 'out');
    await expect(exportChain(data, out, signal)).rejects.toMatchObject({ code: 'CONFIG_LOCKED' });
    await chain.close();
    await exportChain(data, out, signal);
    await expect(exportChain(data, out, signal)).rejects.toMatchObject({
      code: 'CONFIG_FOLDER_UNWRITABLE',
    });
    await expect(exportChain(out, join(data, 'other'), signal)).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
  });
});
