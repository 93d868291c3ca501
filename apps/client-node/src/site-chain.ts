import type { ChainRun, LedgerAccount } from '@tallystick/chain';
import type { AccountId, Clock, Hash, Logger, NodeId, RunId, Signer } from '@tallystick/kernel';
import type { Consent, VoidSpan } from '@tallystick/rounds';
import {
  type AnchoredHeader,
  type ChainView,
  type EvidenceFile,
  loadOwnerKey,
} from '@tallystick/site';
import { DisputeDesk } from './dispute-desk.js';

export interface SiteChainDeps {
  /** WebSocket address of a chain node. */
  readonly url: string;
  readonly genesis: Hash;
  readonly folder: string;
  /** Reads need some account; nothing is signed with this one. */
  readonly nodeKey: Signer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The chain that node.yaml names: connected when it is first needed, again after a failure. */
export class SiteChain implements ChainView {
  readonly #deps: SiteChainDeps;
  #reader: Promise<LedgerAccount> | undefined;
  readonly #disputes: DisputeDesk;

  constructor(deps: SiteChainDeps) {
    this.#deps = deps;
    const { folder, clock, logger } = deps;
    const open = async () => this.#connect(await loadOwnerKey(folder));
    this.#disputes = new DisputeDesk({ open, clock, logger });
  }

  round(run: RunId, round: number): Promise<AnchoredHeader | undefined> {
    return this.#ask((chain) => chain.round(run, round));
  }

  voids(run: RunId): Promise<readonly VoidSpan[]> {
    return this.#ask((chain) => chain.voids(run));
  }

  async coordinatorKeys(run: RunId): Promise<ChainRun['coordinatorKeys']> {
    return (await this.#ask((chain) => chain.chainRun(run)))?.coordinatorKeys ?? [];
  }

  consent(run: RunId, node: NodeId): Promise<Consent | undefined> {
    return this.#ask((chain) => chain.consent(run, node));
  }

  /** What the organisation of a node is paid on. */
  payee(node: NodeId): Promise<AccountId | undefined> {
    return this.#ask((chain) => chain.payee(node));
  }

  /** Signs with the owner key, which is read for this alone. */
  async asOwner<T>(act: (chain: LedgerAccount) => Promise<T>): Promise<T> {
    const account = await this.#connect(await loadOwnerKey(this.#deps.folder));
    try {
      return await act(account);
    } finally {
      await account.close();
    }
  }

  /** Files what is proved with the owner key, and follows it. Never rejects. */
  dispute(file: EvidenceFile, path: string): void {
    this.#disputes.file(file, path);
  }

  /** Waits for what is being filed, and lets go of the connection. */
  async close(): Promise<void> {
    await this.#disputes.close();
    const reader = await this.#reader?.catch(() => undefined);
    await reader?.close();
  }

  async #ask<T>(question: (chain: LedgerAccount) => Promise<T>): Promise<T> {
    const reader = (this.#reader ??= this.#connect(this.#deps.nodeKey));
    try {
      return await question(await reader);
    } catch (error) {
      if (this.#reader === reader) this.#reader = undefined;
      reader.then((chain) => chain.close()).catch(() => undefined); // it would go on reconnecting
      throw error;
    }
  }

  /** Loaded when it is needed: most sites name no chain, and the client takes 60 MB. */
  async #connect(signer: Signer): Promise<LedgerAccount> {
    const { LedgerAccount: account } = await import('@tallystick/chain');
    const { url, genesis, clock } = this.#deps;
    return account.connect({ url, genesis, signer, clock });
  }
}
