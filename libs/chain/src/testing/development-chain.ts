import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@tallystick/kernel';
import { type NodeSigner, signerFromSeed } from '@tallystick/kernel/node';
import { VirtualClock } from '@tallystick/kernel/testing';
import { EmbeddedChain, type EmbeddedChainOptions } from '../embedded/embedded-chain.js';
import { buildGenesis } from '../embedded/genesis.js';
import type { RawSpec } from '../embedded/raw-spec.js';

const WASM = new URL('../../../../chain/wasm/tally_runtime.wasm', import.meta.url);

/** Substrate's well-known development keys `//Alice` and `//Bob` of scheme Ed25519. */
export const ALICE: NodeSigner = signerFromSeed(
  fromHex('abf8e5bdbe30c65656c0a3cbd181ff8a56294a69dfedd27982aace4a76909115'),
);
export const BOB: NodeSigner = signerFromSeed(
  fromHex('3b7b60af2abcd57ba401ab398f84f4ca54bd6b2140d2503fbcf3286535fe3ff1'),
);

/** The released runtime. */
export async function releasedWasm(): Promise<Uint8Array> {
  return new Uint8Array(await readFile(WASM));
}

/** A development genesis: everyone knows the keys. */
export async function developmentSpec(): Promise<RawSpec> {
  const wasm = await releasedWasm();
  return buildGenesis({ wasm, preset: 'development', name: 'Test', id: 'tally_test' });
}

/** Chains and folders of one test; `dispose` in afterEach closes and removes them. */
export class TestChains {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #open = new Set<EmbeddedChain>();
  readonly folders: string[] = [];

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-chain-'));
    this.folders.push(folder);
    return folder;
  }

  /** A development chain sealed by Alice, by hand and in virtual time unless told otherwise. */
  async open(options: Partial<EmbeddedChainOptions> = {}): Promise<EmbeddedChain> {
    const chain = await EmbeddedChain.open({
      folder: options.folder ?? (await this.folder()),
      spec: options.spec ?? (await developmentSpec()),
      authority: ALICE,
      sealing: 'manual',
      clock: this.clock,
      ...options,
    });
    this.#open.add(chain);
    return chain;
  }

  async dispose(): Promise<void> {
    for (const chain of this.#open) await chain.close();
    for (const folder of this.folders) await rm(folder, { recursive: true, force: true });
  }
}

/** The bytes of `export-blocks --binary`. */
export async function exportedBlocks(chain: EmbeddedChain): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chain.exportBlocks()) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
