import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asAccountId, type Ed25519, type Sha256 } from '@tallystick/kernel';
import {
  ed25519,
  type NodeSigner,
  sha256,
  signerFromSeed,
  systemClock,
} from '@tallystick/kernel/node';
import { type LedgerAccounts, SubstrateRoundLedger } from '../client/substrate-round-ledger.js';
import { EmbeddedChain } from '../embedded/embedded-chain.js';
import { buildGenesis } from '../embedded/genesis.js';
import type { RawSpec } from '../embedded/raw-spec.js';
import { type RpcServer, serveRpc } from '../embedded/rpc/serve-rpc.js';
import { ss58Address } from '../embedded/ss58.js';
import { UNIT } from '../unit.js';
import { releasedWasm } from './development-chain.js';

const key = (byte: number): NodeSigner => signerFromSeed(new Uint8Array(32).fill(byte));

export const LEDGER_ACCOUNTS: Readonly<Record<keyof LedgerAccounts, NodeSigner>> = {
  registrar: key(11),
  treasury: key(12),
  coordinator: key(13),
};
export const LEDGER_AUTHORITY: NodeSigner = key(14);
/** Keys of one node, its owner, and the coordinator's records. */
export const LEDGER_KEYS: {
  readonly nodeKey: NodeSigner;
  readonly ownerKey: NodeSigner;
  readonly coordinatorKey: NodeSigner;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
} = { nodeKey: key(1), ownerKey: key(2), coordinatorKey: key(3), sha256, ed25519 };

/** The genesis of a deployment with these accounts. */
export async function ledgerSpec(): Promise<RawSpec> {
  const address = (hex: string): string => ss58Address(asAccountId(hex));
  const authority = address(LEDGER_AUTHORITY.key);
  return buildGenesis({
    wasm: await releasedWasm(),
    preset: 'deployment',
    name: 'test',
    id: 'test',
    patch: {
      session: { keys: [[authority, authority, { aura: authority, grandpa: authority }]] },
      balances: {
        balances: Object.values(LEDGER_ACCOUNTS).map(({ key }) => [address(key), 1_000n * UNIT]),
      },
      tally: {
        registrar: address(LEDGER_ACCOUNTS.registrar.key),
        embedded: true,
        instance: `0x${'2a'.repeat(32)}`,
      },
    },
  });
}

/** An embedded chain with its JSON-RPC, in real time, and clients of it; `close` lets go of all of them. */
export class LedgerChain {
  readonly #folder: string;
  readonly #spec: RawSpec;
  #chain: EmbeddedChain;
  #server: RpcServer;
  readonly #cleanups: (() => Promise<void>)[] = [];

  private constructor(
    at: { readonly folder: string; readonly spec: RawSpec },
    running: { readonly chain: EmbeddedChain; readonly server: RpcServer },
  ) {
    this.#folder = at.folder;
    this.#spec = at.spec;
    this.#chain = running.chain;
    this.#server = running.server;
  }

  static async open(from?: { readonly folder: string }): Promise<LedgerChain> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-ledger-'));
    if (from !== undefined) await cp(from.folder, folder, { recursive: true });
    const at = { folder, spec: await ledgerSpec() };
    return new LedgerChain(at, await start(at, 0));
  }

  get url(): string {
    return this.#server.url;
  }

  get folder(): string {
    return this.#folder;
  }

  get chain(): EmbeddedChain {
    return this.#chain;
  }

  /** A client; closed with the chain. */
  async ledger(url: string = this.url): Promise<SubstrateRoundLedger> {
    const clock = systemClock;
    const ledger = await SubstrateRoundLedger.connect({ url, accounts: LEDGER_ACCOUNTS, clock });
    this.#cleanups.push(() => ledger.close());
    return ledger;
  }

  /** Closed with the chain, before it. */
  onClose(step: () => Promise<void>): void {
    this.#cleanups.push(step);
  }

  /** The process ends: what is in no block is forgotten. */
  async stop(): Promise<void> {
    await this.#server.close();
    await this.#chain.close();
  }

  /** The same chain, at the same address. */
  async start(): Promise<void> {
    const at = { folder: this.#folder, spec: this.#spec };
    const { chain, server } = await start(at, this.#server.port);
    this.#chain = chain;
    this.#server = server;
  }

  async close(): Promise<void> {
    for (const step of this.#cleanups.splice(0).toReversed()) await step();
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function start(
  { folder, spec }: { readonly folder: string; readonly spec: RawSpec },
  port: number,
): Promise<{ readonly chain: EmbeddedChain; readonly server: RpcServer }> {
  const authority = LEDGER_AUTHORITY;
  const chain = await EmbeddedChain.open({
    ...{ folder, spec, authority },
    sealing: 'instant',
    clock: systemClock,
  });
  return { chain, server: await serveRpc(chain, { host: '127.0.0.1', port }) };
}
