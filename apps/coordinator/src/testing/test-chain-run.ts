import { InMemoryRoundLedger, type NewRun, type RoundLedger } from '@tallystick/chain';
import { plainRun } from '@tallystick/chain/testing';
import { asHash, type Hash, type RunId, ZERO_HASH } from '@tallystick/kernel';
import { ed25519, generateKey, type NodeSigner, sha256 } from '@tallystick/kernel/node';
import { HEADER, type Header, POP, recordHash, signRecord } from '@tallystick/record';

/** An accepted run on a ledger, in memory unless another is given, and headers that continue it. */
export class TestChainRun<L extends RoundLedger = InMemoryRoundLedger> {
  readonly ledger: L;
  readonly signer: NodeSigner;
  run: RunId = 0 as RunId;
  #chain: Hash = ZERO_HASH;
  #head: Hash = ZERO_HASH;
  #round = 0;

  private constructor(ledger: L, signer: NodeSigner) {
    this.ledger = ledger;
    this.signer = signer;
  }

  static open(terms: Partial<NewRun> = {}): Promise<TestChainRun> {
    return TestChainRun.on(new InMemoryRoundLedger({ sha256, ed25519 }), terms);
  }

  /** A run on a ledger that is there already. */
  static on<L extends RoundLedger>(
    ledger: L,
    terms: Partial<NewRun> = {},
  ): Promise<TestChainRun<L>> {
    return TestChainRun.#accepted(new TestChainRun(ledger, generateKey()), terms);
  }

  /** Another run of the same coordinator on the same chain. */
  beside(): Promise<TestChainRun<L>> {
    return TestChainRun.#accepted(new TestChainRun(this.ledger, this.signer), {});
  }

  static async #accepted<L extends RoundLedger>(
    test: TestChainRun<L>,
    terms: Partial<NewRun>,
  ): Promise<TestChainRun<L>> {
    const { ledger, signer } = test;
    test.#chain = await ledger.genesis();
    test.run = await ledger.createRun(plainRun({ spec: model(9), model: model(0) }, terms));
    const pop = { chain: test.#chain, owner: ledger.coordinatorAccount(), key: signer.key };
    await ledger.acceptRun(test.run, signer.key, signRecord(POP, pop, signer).signature);
    test.#head = (await ledger.anchored(test.run))?.head ?? ZERO_HASH;
    return test;
  }

  /** The header of the next round; `changes` make it another than the chain wants. */
  next(changes: Partial<Header> = {}): Header {
    const round = this.#round++;
    const header: Header = {
      chain: this.#chain,
      mode: 0,
      run: this.run,
      round,
      prev: this.#head,
      task: model(8),
      atBlock: 0,
      modelBefore: model(round),
      modelAfter: model(round + 1),
      stateAfter: ZERO_HASH,
      contribRoot: model(7),
      included: 1,
      sumWeight: 1n,
      excludedRoot: ZERO_HASH,
      excluded: 0,
      cohort: 1,
      metrics: model(6),
      deadlineMs: 2n,
      closedAtMs: 1n,
      ...changes,
    };
    this.#head = recordHash(sha256, HEADER, header);
    return header;
  }

  /** What another coordinator with the same key would do. */
  async commitElsewhere(header: Header): Promise<void> {
    const { signature } = signRecord(HEADER, header, this.signer);
    await this.ledger.submitCommit(await this.ledger.prepareCommit([{ header, signature }]));
  }
}

function model(number: number): Hash {
  return asHash(number.toString(16).padStart(64, '0'));
}
