import { readFileSync } from 'node:fs';
import type { BlobStore, NodeLink, Offer, RoundResult, RunLoop } from '@tallystick/rounds';
import type { Logger, NodeId } from '@tallystick/kernel';
import { DECLINE, decodeSigned, RECEIPT } from '@tallystick/record';
import type { SimulatedSite } from './simulated-site.js';

/**
 * NodeLink without a network: an offer goes straight to the site's agent, and its answer straight to the run. Sites
 * work one after another, in the order of the offers, so a simulation uses one core and little memory.
 */
export class InProcessLink implements NodeLink {
  loop: RunLoop | undefined;
  readonly #sites = new Map<NodeId, SimulatedSite>();
  readonly #blobs: BlobStore;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: { blobs: BlobStore; logger: Logger; signal: AbortSignal }) {
    this.#blobs = deps.blobs;
    this.#logger = deps.logger;
    this.#signal = deps.signal;
  }

  attach(site: SimulatedSite): void {
    this.#sites.set(site.node, site);
  }

  offer(node: NodeId, offer: Offer): void {
    this.#enqueue(node, (site) => this.#answer(site, offer));
  }

  result(node: NodeId, result: RoundResult): void {
    this.#enqueue(node, async (site) => {
      await site.agent.concluded(result, this.#signal);
    });
  }

  drop(): void {
    return; // answers that come too late are ignored by the run
  }

  /** Resolves when everything sent so far was worked through. */
  idle(): Promise<void> {
    return this.#work;
  }

  #enqueue(node: NodeId, task: (site: SimulatedSite) => Promise<void>): void {
    const site = this.#sites.get(node);
    if (site === undefined) return;
    this.#work = this.#work
      .then(() => (this.#signal.aborted ? undefined : task(site)))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#logger.warn('simulate.site', { site: site.site.name, reason });
      });
  }

  async #answer(site: SimulatedSite, offer: Offer): Promise<void> {
    const answer = await site.agent.answer(offer, this.#signal);
    if (answer.kind === 'decline') {
      this.#logger.warn('simulate.declined', { site: site.site.name, reason: answer.message });
      const { wire, code, message } = answer;
      await this.loop?.decline(site.node, decodeSigned(DECLINE, wire), { code, message });
      return;
    }
    // A turn of the thread pool takes longer than reading what was just written.
    await this.#blobs.put(readFileSync(answer.path));
    const { value: receipt, signature } = decodeSigned(RECEIPT, answer.receipt);
    const submission = { receipt, signature, updateBytes: BigInt(answer.bytes) };
    const verdict = await this.loop?.submit(site.node, submission);
    if (verdict?.outcome === 'accepted') {
      await site.agent.promised(receipt.run, receipt.round, verdict.promise);
    }
    // The next site answers the round after this answer, so that asynchronous rounds take the same ones every time.
    await this.loop?.settled();
  }
}
