import {
  asAccountId,
  type Ed25519,
  type Hash,
  type NodeId,
  type OrganisationId,
  type RunId,
  type Sha256,
  type Signer,
  utf8,
  ZERO_HASH,
} from '@tallystick/kernel';
import { HEADER, type Header, POP, recordHash, signRecord } from '@tallystick/record';
import { genesisHash } from '@tallystick/rounds';
import { describe, expect, it } from 'vitest';
import type { OwnerCall, PreparedCommit, RoundLedger } from '../client/round-ledger.js';
import { plainRun } from './plain-run.js';

/** What the suite needs: a ledger of a chain where nothing happened, and keys. */
export interface LedgerFixture {
  readonly ledger: RoundLedger;
  readonly nodeKey: Signer;
  readonly ownerKey: Signer;
  readonly coordinatorKey: Signer;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
}

/** Drives a ledger through the life of a small run. */
export class LedgerDriver {
  readonly #fixture: LedgerFixture;

  constructor(fixture: LedgerFixture) {
    this.#fixture = fixture;
  }

  /** Registers an organisation and one node, admitted with `cap`. */
  async node(cap: bigint): Promise<{ organisation: OrganisationId; node: NodeId }> {
    const { ledger, nodeKey, ownerKey } = this.#fixture;
    const owner = asAccountId(ownerKey.key);
    const organisation = await ledger.registerOrganisation(owner);
    const pop = { chain: await ledger.genesis(), owner, key: nodeKey.key };
    const proof = signRecord(POP, pop, nodeKey).signature;
    const registration = { owner, organisation, key: nodeKey.key, proof };
    const prepared = await ledger.prepareRegistration(registration);
    const signature = ownerKey.sign(Buffer.from(prepared.payload, 'hex'));
    const node = await ledger.completeRegistration(registration, { ...prepared, signature });
    if (cap > 0n) await ledger.admitNode(node, cap);
    return { organisation, node };
  }

  /** Has `signer` ask for the call as the owner of the node. */
  async ownerCall(call: OwnerCall, signer: Signer): Promise<void> {
    const { ledger } = this.#fixture;
    const owner = asAccountId(signer.key);
    const prepared = await ledger.prepareOwnerCall(owner, call);
    const signature = signer.sign(Buffer.from(prepared.payload, 'hex'));
    await ledger.completeOwnerCall(owner, call, { ...prepared, signature });
  }

  /** Creates and accepts a run; returns its id and the `prev` of round 0. */
  async run(): Promise<{ run: RunId; prev: Hash }> {
    const { ledger, coordinatorKey: signer, sha256 } = this.#fixture;
    const [spec, model] = [sha256(utf8('spec')), sha256(utf8('model'))];
    const run = await ledger.createRun(plainRun({ spec, model }, { pot: 1_000n }));
    const chain = await ledger.genesis();
    const pop = { chain, owner: ledger.coordinatorAccount(), key: signer.key };
    await ledger.acceptRun(run, signer.key, signRecord(POP, pop, signer).signature);
    return { run, prev: genesisHash(sha256, { chain, run, spec, model }) };
  }

  /** The header of round `round` after `prev`. */
  async header(
    run: RunId,
    round: number,
    prev: Hash,
    changes: Partial<Header> = {},
  ): Promise<Header> {
    const { ledger, sha256 } = this.#fixture;
    const at = await ledger.finalized();
    const model = (n: number): Hash => sha256(utf8(n === 0 ? 'model' : `model ${n}`));
    return {
      chain: await ledger.genesis(),
      mode: 0,
      run,
      round,
      prev,
      task: sha256(utf8(`task ${round}`)),
      atBlock: at.number,
      modelBefore: model(round),
      modelAfter: model(round + 1),
      stateAfter: ZERO_HASH,
      contribRoot: sha256(utf8(`contributions ${round}`)),
      included: 1,
      sumWeight: 7n,
      excludedRoot: ZERO_HASH,
      excluded: 0,
      cohort: 1,
      metrics: sha256(utf8('{}')),
      deadlineMs: 2_000n,
      closedAtMs: 1_000n,
      ...changes,
    };
  }

  /** Commits `headers` in one transaction and waits for the outcome. */
  async commit(...headers: readonly Header[]): Promise<string> {
    const { ledger } = this.#fixture;
    const commit = await this.prepare(...headers);
    await ledger.submitCommit(commit);
    return this.settle(commit);
  }

  prepare(...headers: readonly Header[]): Promise<PreparedCommit> {
    const { ledger, coordinatorKey } = this.#fixture;
    return ledger.prepareCommit(
      headers.map((header) => {
        const { signature } = signRecord(HEADER, header, coordinatorKey);
        return { header, signature };
      }),
    );
  }

  /** `final`, or the reason of a refusal. */
  async settle(commit: PreparedCommit): Promise<string> {
    for (let attempt = 0; attempt < 500; attempt++) {
      const outcome = await this.#fixture.ledger.commitOutcome(commit);
      if (outcome.kind === 'final') return 'final';
      if (outcome.kind === 'refused') return outcome.reason;
      if (outcome.kind === 'expired') return 'expired';
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return 'still waiting';
  }

  hashOf(header: Header): Hash {
    return recordHash(this.#fixture.sha256, HEADER, header);
  }
}

/** What every RoundLedger promises. `open` gives a fresh chain each time. */
export function roundLedgerContract(name: string, open: () => Promise<LedgerFixture>): void {
  describe(`RoundLedger contract: ${name}`, () => {
    it('a node is eligible once admitted, with its key and cap, and no longer once revoked', async () => {
      const fixture = await open();
      const { ledger, nodeKey } = fixture;
      const before = await ledger.finalized();
      const { node, organisation } = await new LedgerDriver(fixture).node(500n);
      expect(node).toBe(0);
      expect(await ledger.eligible(await ledger.finalized())).toEqual([
        { node, organisation, keyEpoch: 0, key: nodeKey.key, cap: 500n },
      ]);
      expect((await ledger.finalized()).number).toBeGreaterThan(before.number);
      await ledger.revokeNode(node);
      expect(await ledger.eligible(await ledger.finalized())).toEqual([]);
    });

    it('a node gets another key, and its end, by its owner and by nobody else', async () => {
      const fixture = await open();
      const { ledger, ownerKey, nodeKey, coordinatorKey: next } = fixture;
      const driver = new LedgerDriver(fixture);
      const { node, organisation } = await driver.node(500n);
      const pop = {
        chain: await ledger.genesis(),
        owner: asAccountId(ownerKey.key),
        key: next.key,
      };
      const { signature: proof } = signRecord(POP, pop, next);
      const rotate = { kind: 'rotateKey', node, key: next.key, proof } as const;
      const refused = { code: 'LEDGER_REFUSED' };
      await expect(driver.ownerCall(rotate, nodeKey)).rejects.toMatchObject(refused);
      await driver.ownerCall(rotate, ownerKey);
      expect(await ledger.eligible(await ledger.finalized())).toEqual([
        { node, organisation, keyEpoch: 1, key: next.key, cap: 500n },
      ]);
      const revoke = { kind: 'revoke', node } as const;
      await expect(driver.ownerCall(revoke, nodeKey)).rejects.toMatchObject(refused);
      await driver.ownerCall(revoke, ownerKey);
      expect(await ledger.eligible(await ledger.finalized())).toEqual([]);
    });

    it('a node that is not admitted takes part in nothing, and a key belongs to one node', async () => {
      const fixture = await open();
      const driver = new LedgerDriver(fixture);
      await driver.node(0n);
      const { ledger } = fixture;
      expect(await ledger.eligible(await ledger.finalized())).toEqual([]);
      await expect(driver.node(1n)).rejects.toMatchObject({ code: 'LEDGER_REFUSED' });
    });

    it('the same registration again gives the node it made', async () => {
      const fixture = await open();
      const { ledger, nodeKey, ownerKey } = fixture;
      const owner = asAccountId(ownerKey.key);
      const organisation = await ledger.registerOrganisation(owner);
      const pop = { chain: await ledger.genesis(), owner, key: nodeKey.key };
      const proof = signRecord(POP, pop, nodeKey).signature;
      const registration = { owner, organisation, key: nodeKey.key, proof };
      const register = async (): Promise<NodeId> => {
        const prepared = await ledger.prepareRegistration(registration);
        const signature = ownerKey.sign(Buffer.from(prepared.payload, 'hex'));
        return ledger.completeRegistration(registration, { ...prepared, signature });
      };
      const node = await register();
      expect(await register()).toBe(node);
      await ledger.admitNode(node, 5n);
      expect((await ledger.eligible(await ledger.finalized())).length).toBe(1);
    });

    it('refuses a node whose proof of possession is another key’s', async () => {
      const fixture = await open();
      const { ledger, nodeKey, ownerKey } = fixture;
      const owner = asAccountId(ownerKey.key);
      const organisation = await ledger.registerOrganisation(owner);
      const pop = { chain: await ledger.genesis(), owner, key: nodeKey.key };
      const proof = signRecord(POP, pop, ownerKey).signature;
      const registration = { owner, organisation, key: nodeKey.key, proof };
      const prepared = await ledger.prepareRegistration(registration);
      const signature = ownerKey.sign(Buffer.from(prepared.payload, 'hex'));
      const completed = ledger.completeRegistration(registration, { ...prepared, signature });
      await expect(completed).rejects.toMatchObject({ code: 'LEDGER_REFUSED' });
    });

    it('commits rounds in order, alone and in a batch, and shows them anchored', async () => {
      const fixture = await open();
      const { ledger } = fixture;
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      expect(await ledger.anchored(run)).toMatchObject({ nextRound: 0, head: prev });
      const first = await driver.header(run, 0, prev);
      expect(await driver.commit(first)).toBe('final');
      const second = await driver.header(run, 1, driver.hashOf(first));
      const third = await driver.header(run, 2, driver.hashOf(second));
      expect(await driver.commit(second, third)).toBe('final');
      expect(await ledger.anchored(run)).toEqual({
        nextRound: 3,
        head: driver.hashOf(third),
        model: third.modelAfter,
        state: ZERO_HASH,
        lastAtBlock: third.atBlock,
        isHalted: false,
      });
      expect(await ledger.round(run, 1)).toMatchObject({
        header: driver.hashOf(second),
        contribRoot: second.contribRoot,
        included: 1,
        sumWeight: 7n,
        status: 'committed',
      });
      expect(await ledger.round(run, 3)).toBeUndefined();
    });

    it('refuses a second, different header of one round, and the whole batch it is in', async () => {
      const fixture = await open();
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      const first = await driver.header(run, 0, prev);
      expect(await driver.commit(first)).toBe('final');
      const other = await driver.header(run, 0, prev, { metrics: ZERO_HASH });
      expect(await driver.commit(other)).toContain('tally.');
      const next = await driver.header(run, 1, driver.hashOf(first));
      expect(await driver.commit(next, other)).toContain('tally.');
      expect(await fixture.ledger.anchored(run)).toMatchObject({ nextRound: 1 });
    });

    it.each([
      ['another chain', { chain: 'ab'.repeat(32) as Hash }],
      ['a gap in the rounds', { round: 1 }],
      ['another prev', { prev: 'ab'.repeat(32) as Hash }],
      ['another model before', { modelBefore: 'ab'.repeat(32) as Hash }],
    ])('refuses a header with %s', async (_, changes) => {
      const fixture = await open();
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      expect(await driver.commit(await driver.header(run, 0, prev, changes))).toContain('tally.');
    });

    it('refuses a header that another key signed', async () => {
      const fixture = await open();
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      const header = await driver.header(run, 0, prev);
      const { signature } = signRecord(HEADER, header, fixture.nodeKey);
      const commit = await fixture.ledger.prepareCommit([{ header, signature }]);
      await fixture.ledger.submitCommit(commit);
      expect(await driver.settle(commit)).toContain('tally.');
    });

    it('goes on with another coordinator key from the next round, and refuses the old one', async () => {
      const fixture = await open();
      const { ledger, nodeKey: next, coordinatorKey } = fixture;
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      const pop = {
        chain: await ledger.genesis(),
        owner: ledger.coordinatorAccount(),
        key: next.key,
      };
      const proof = signRecord(POP, pop, next).signature;
      const replace = (): Promise<void> => ledger.replaceCoordinatorKey(run, next.key, proof);
      await expect(replace()).rejects.toThrow('tally.KeyNotUsedYet');
      const first = await driver.header(run, 0, prev);
      expect(await driver.commit(first)).toBe('final');
      const stolen = signRecord(POP, pop, coordinatorKey).signature;
      const unproved = ledger.replaceCoordinatorKey(run, next.key, stolen);
      await expect(unproved).rejects.toThrow('tally.BadProof');
      await replace();
      expect((await ledger.chainRun(run))?.coordinatorKeys).toEqual([
        { fromRound: 0, key: coordinatorKey.key },
        { fromRound: 1, key: next.key },
      ]);
      const second = await driver.header(run, 1, driver.hashOf(first));
      expect(await driver.commit(second)).toContain('tally.BadSignature');
      const { signature } = signRecord(HEADER, second, next);
      const commit = await ledger.prepareCommit([{ header: second, signature }]);
      await ledger.submitCommit(commit);
      expect(await driver.settle(commit)).toBe('final');
    });

    it('a run is closed once, and takes no rounds then', async () => {
      const fixture = await open();
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      await fixture.ledger.closeRun(run);
      await expect(fixture.ledger.closeRun(run)).rejects.toMatchObject({ code: 'LEDGER_REFUSED' });
      expect(await driver.commit(await driver.header(run, 0, prev))).toContain('tally.RunNotOpen');
      const unknown = (run + 1) as RunId;
      await expect(fixture.ledger.closeRun(unknown)).rejects.toThrow('tally.UnknownRun');
    });

    it('the same bytes sent twice commit once', async () => {
      const fixture = await open();
      const driver = new LedgerDriver(fixture);
      const { run, prev } = await driver.run();
      const commit = await driver.prepare(await driver.header(run, 0, prev));
      await fixture.ledger.submitCommit(commit);
      await fixture.ledger.submitCommit(commit);
      expect(await driver.settle(commit)).toBe('final');
      await fixture.ledger.submitCommit(commit);
      expect(await fixture.ledger.anchored(run)).toMatchObject({ nextRound: 1 });
    });
  });
}
