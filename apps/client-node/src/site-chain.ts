import type { LedgerAccount } from '@tallystick/chain';
import { type Clock, type Hash, type Logger, type RunId, type Signer } from '@tallystick/kernel';
import {
  type AnchoredHeader,
  type ChainView,
  type EvidenceFile,
  fileEvidence,
  filingOf,
  loadOwnerKey,
} from '@tallystick/site';

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
  #filing: Promise<void> = Promise.resolve();

  constructor(deps: SiteChainDeps) {
    this.#deps = deps;
  }

  async round(run: RunId, round: number): Promise<AnchoredHeader | undefined> {
    this.#reader ??= this.#connect(this.#deps.nodeKey);
    try {
      return await (await this.#reader).round(run, round);
    } catch (error) {
      this.#reader = undefined;
      throw error;
    }
  }

  /** Files what is proved, one after another, with the owner key; says in the log what became of it. Never rejects. */
  dispute(file: EvidenceFile, path: string): void {
    this.#filing = this.#filing.then(() => this.#file(file, path));
  }

  /** Waits for what is being filed, and lets go of the connection. */
  async close(): Promise<void> {
    await this.#filing;
    const reader = await this.#reader?.catch(() => undefined);
    await reader?.close();
  }

  async #file(file: EvidenceFile, path: string): Promise<void> {
    const { logger, folder, clock } = this.#deps;
    const { run, round, kind } = file;
    const filing = filingOf(file);
    if (filing?.isProved !== true) {
      logger.warn('dispute.not_filed', {
        run,
        round,
        kind,
        path,
        reason: 'it is for people to weigh',
      });
      return;
    }
    try {
      const account = await this.#connect(await loadOwnerKey(folder));
      try {
        const { state } = await fileEvidence(file, filing, { account, clock });
        logger.warn('dispute.filed', { run, round, kind, path, state });
      } finally {
        await account.close();
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('dispute.failed', { run, round, kind, path, reason });
    }
  }

  /** Loaded when it is needed: most sites name no chain, and the client takes 60 MB. */
  async #connect(signer: Signer): Promise<LedgerAccount> {
    const { LedgerAccount: account } = await import('@tallystick/chain');
    const { url, genesis, clock } = this.#deps;
    return account.connect({ url, genesis, signer, clock });
  }
}
