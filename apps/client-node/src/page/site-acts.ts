import {
  asNodeId,
  asRunId,
  isTallyError,
  type RunId,
  SerialQueue,
  TallyError,
} from '@tallystick/kernel';
import type { GrantRequest, IntakeState, Withdrawal } from '@tallystick/protocol';
import { type Consent, purposeNumber } from '@tallystick/rounds';
import {
  grantConsent,
  type OwnedSite,
  policyHash,
  readOwnConsents,
  revokeConsent,
} from '@tallystick/site';
import { messageOf } from './site-books.js';
import type { SiteParts } from './site-parts.js';

const MAX_U32 = 0xffff_ffff;
/** Acts that wait for one another; each is a person's click. */
const MAX_WAITING = 8;

/** What the page does, by the code of `tally node consent` and of the node itself. The owner key is read for each act. */
export class SiteActs {
  readonly #site: SiteParts;
  readonly #queue = new SerialQueue('acts of the page', MAX_WAITING, 'NET_BUSY');

  constructor(site: SiteParts) {
    this.#site = site;
  }

  /** Pauses, or takes tasks again. */
  intake(state: Exclude<IntakeState, 'withdrawn'>): Promise<void> {
    return this.#queue.run(async () => {
      await this.#site.intake.set(state);
      this.#site.logger.info('page.intake', { state });
    });
  }

  /** All rounds, until a moment, for the purposes of node.yaml. */
  grant({ run, untilMs }: GrantRequest): Promise<Consent> {
    const { policy } = this.#site.config;
    const terms = {
      fromRound: 0,
      untilRound: MAX_U32,
      untilMs: BigInt(untilMs),
      purposes: policy.purposes.map(purposeNumber),
      policy: policyHash(policy),
    };
    return this.#queue.run(async () => {
      const granted = await this.#chain().asOwner((ledger) =>
        grantConsent(this.#owned(), { run, terms }, ledger),
      );
      this.#site.logger.info('page.consent_granted', { run, block: granted.fromBlock });
      return granted;
    });
  }

  revoke(run: RunId): Promise<Consent> {
    return this.#queue.run(() => this.#revoke(run));
  }

  /**
   * No task is taken any more, from this moment on, whatever becomes of the rest; then every consent that still holds is
   * revoked on the chain.
   */
  withdraw(): Promise<Withdrawal> {
    return this.#queue.run(async () => {
      await this.#site.intake.set('withdrawn');
      this.#site.logger.warn('page.withdrawn');
      const revoked: Withdrawal['revoked'] = [];
      const failed: Withdrawal['failed'] = [];
      for (const run of await this.#consented()) {
        try {
          const { revokedAtBlock } = await this.#revoke(run);
          revoked.push({ run, block: revokedAtBlock ?? 0 });
        } catch (error) {
          const code = isTallyError(error) ? error.code : 'INTERNAL';
          failed.push({ run, code, message: messageOf(error) });
        }
      }
      return { revoked, failed };
    });
  }

  async #revoke(run: RunId): Promise<Consent> {
    const revoked = await this.#chain().asOwner((ledger) =>
      revokeConsent(this.#owned(), run, ledger),
    );
    const block = revoked.revokedAtBlock ?? null;
    this.#site.logger.info('page.consent_revoked', { run, block });
    return revoked;
  }

  /** Runs that the owner consented to here, and did not withdraw from. */
  async #consented(): Promise<readonly RunId[]> {
    const newest = new Map((await readOwnConsents(this.#site.folder)).map((own) => [own.run, own]));
    const held = [...newest.values()].filter(({ revokedAtBlock }) => revokedAtBlock === undefined);
    return held.map(({ run }) => asRunId(run));
  }

  #owned(): OwnedSite {
    const { folder, identity } = this.#site;
    return { folder, node: asNodeId(identity.node) };
  }

  #chain() {
    const { chain } = this.#site;
    if (chain !== undefined) return chain;
    const detail = 'node.yaml names no chain: add `chain: ws://…`, or use `tally node consent`';
    throw new TallyError('USAGE_INVALID', { detail });
  }
}
