import { asRunId, TallyError } from '@tallystick/kernel';
import type { LedgerAccount } from '@tallystick/chain';
import type { Consent } from '@tallystick/rounds';
import { policyHash, readOwnConsents } from '@tallystick/site';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestSite } from '../testing/test-site.js';
import { SiteActs } from './site-acts.js';
import { SiteBooks } from './site-books.js';
import type { SiteParts } from './site-parts.js';

/** A chain in memory: what the owner of node 1 signed. */
class FakeChain {
  readonly consents = new Map<number, Consent>();
  /** Runs whose revocations it refuses. */
  readonly refused = new Set<number>();
  /** Looked at before each act of the owner. */
  onAct = (): void => undefined;
  #block = 0;

  async asOwner<T>(act: (chain: LedgerAccount) => Promise<T>): Promise<T> {
    this.onAct();
    return act(this as unknown as LedgerAccount); // the two writes that consents need
  }

  async grantConsent(run: number, _node: number, terms: Omit<Consent, 'fromBlock'>) {
    const consent = { ...terms, fromBlock: ++this.#block };
    this.consents.set(run, consent);
    return consent;
  }

  async revokeConsent(run: number): Promise<Consent | undefined> {
    const held = this.consents.get(run);
    if (held === undefined || this.refused.has(run)) {
      throw new TallyError('LEDGER_REFUSED', { call: 'revokeConsent', reason: 'not now' });
    }
    const revoked = { ...held, revokedAtBlock: ++this.#block };
    this.consents.set(run, revoked);
    return revoked;
  }

  async consent(run: number): Promise<Consent | undefined> {
    return this.consents.get(run);
  }

  async payee(): Promise<undefined> {
    return undefined;
  }
}

describe('SiteActs', () => {
  let site: TestSite;
  let chain: FakeChain;
  let parts: SiteParts;
  let acts: SiteActs;
  beforeEach(async () => {
    site = await TestSite.start();
    chain = new FakeChain();
    parts = { ...site.node.parts, chain };
    acts = new SiteActs(parts);
  });
  afterEach(() => site.close());

  const grant = (run: number): Promise<Consent> => acts.grant({ run: asRunId(run), untilMs: 9 });

  it('consents for the purposes and the policy of node.yaml, on the chain and here', async () => {
    await grant(4);
    const terms = {
      ...{ fromRound: 0, untilRound: 0xffff_ffff, purposes: [7], fromBlock: 1 },
      policy: policyHash(parts.config.policy),
    };
    expect(chain.consents.get(4)).toEqual({ ...terms, untilMs: 9n });
    expect(await readOwnConsents(site.folder)).toEqual([{ run: 4, ...terms, untilMs: 9 }]);
    const { consents, fault } = await new SiteBooks(parts).consents();
    expect(fault).toBeNull();
    expect(consents[0]).toMatchObject({ run: 4, own: { fromBlock: 1 }, onChain: { fromBlock: 1 } });
  });

  it('withdraws: takes no task before anything else, revokes what holds, names what it could not', async () => {
    for (const run of [4, 5, 6]) await grant(run);
    await acts.revoke(asRunId(6));
    chain.refused.add(5);
    const states: string[] = [];
    chain.onAct = () => void states.push(parts.intake.state);
    expect(await acts.withdraw()).toEqual({
      revoked: [{ run: 4, block: 5 }],
      failed: [{ run: 5, code: 'LEDGER_REFUSED', message: expect.stringContaining('not now') }],
    });
    expect(states).toEqual(['withdrawn', 'withdrawn']);
    const own = await readOwnConsents(site.folder);
    expect(own.map(({ run, revokedAtBlock }) => [run, revokedAtBlock])).toEqual([
      [5, undefined],
      [6, 4],
      [4, 5],
    ]);
  });

  it('acts one after another, and refuses more than a person clicks', async () => {
    const asked = Array.from({ length: 9 }, (_, run) => grant(run));
    const ended = await Promise.allSettled(asked);
    expect(ended.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), 'rejected']);
    expect(await readOwnConsents(site.folder)).toHaveLength(8);
  });

  it('H: says that the chain does not answer, and still shows the site’s own word', async () => {
    await grant(4);
    const away = new TallyError('LEDGER_UNREACHABLE', { url: 'ws://x', reason: 'away' });
    chain.consent = () => Promise.reject(away);
    const books = new SiteBooks(parts);
    const { consents, fault } = await books.consents();
    expect(fault).toBe(away.message);
    expect(consents).toMatchObject([{ run: 4, own: { fromBlock: 1 }, onChain: null }]);
  });
});
