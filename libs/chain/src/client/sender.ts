import type { ApiPromise, WsProvider } from '@polkadot/api';
import { type Clock, isTallyError, type Signer, TallyError } from '@tallystick/kernel';
import { type Extrinsic, signCall } from './extrinsics.js';
import type { Connection } from './connection.js';
import type { Finality, Included } from './finality.js';
import { NonceLane } from './nonce-lane.js';
import type { PreparedCommit } from './round-ledger.js';

/** A write that is not final after so long is reported. */
const FINAL_TIMEOUT_MS = 60_000;
/** Between two looks at the finalised head; the embedded chain finalises about 70 ms after a submit. */
const POLL_MS = 40;
/** Another writer of the account may take a nonce between reading and sending. */
const MAX_ATTEMPTS = 3;
/** Errors of author_submitExtrinsic that say nothing about the transaction: it may well be in the pool. */
const RECONCILE = /^101[234]\b/;
const INVALID = /^1010\b/;

/** `1010: Invalid Transaction: …` of a refused submit; undefined when the socket failed instead. */
function rpcReason(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : String(error);
  return /^-?\d+:/.test(text) ? text : undefined;
}

/** Sends bytes; false when the node refuses them as invalid now. Rejects when the node cannot be reached. */
export async function submitBytes(
  provider: WsProvider,
  hex: string,
): Promise<{ readonly invalid?: string }> {
  try {
    await provider.send('author_submitExtrinsic', [`0x${hex}`]);
    return {};
  } catch (error) {
    if (isTallyError(error)) throw error;
    const reason = rpcReason(error);
    if (reason === undefined) {
      const text = error instanceof Error ? error.message : String(error);
      throw new TallyError('LEDGER_UNREACHABLE', { url: 'the chain', reason: text }, error);
    }
    if (RECONCILE.test(reason)) return {};
    return { invalid: reason };
  }
}

/** Writes of one account: explicit nonces, one lane, resolved by finalised blocks. */
export class Sender {
  readonly signer: Signer;
  readonly #api: ApiPromise;
  readonly #provider: WsProvider;
  readonly #finality: Finality;
  readonly #clock: Clock;
  readonly #lane: NonceLane;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    signer: Signer,
    deps: Connection & { readonly finality: Finality; readonly clock: Clock },
  ) {
    this.signer = signer;
    this.#api = deps.api;
    this.#provider = deps.provider;
    this.#finality = deps.finality;
    this.#clock = deps.clock;
    this.#lane = new NonceLane(async () => {
      const index = await deps.api.rpc.system.accountNextIndex(`0x${signer.key}`);
      return index.toNumber();
    });
  }

  /** Signs with the next nonce of the lane; nothing is sent. */
  async prepare(call: Extrinsic): Promise<PreparedCommit> {
    return signCall(this.#api, call, this.signer, await this.#lane.take());
  }

  resetNonces(): void {
    this.#lane.reset();
  }

  /** Signs, sends and waits until a finalised block holds it. Rejects with LEDGER_REFUSED or LEDGER_TIMEOUT. */
  send(call: Extrinsic): Promise<Included> {
    const sent = this.#turn.then(() => this.#sendNow(call));
    this.#turn = sent.catch(() => undefined);
    return sent;
  }

  async #sendNow(call: Extrinsic): Promise<Included> {
    const name = `${call.method.section}.${call.method.method}`;
    for (let attempt = 1; ; attempt++) {
      const prepared = await this.prepare(call);
      const { invalid } = await submitBytes(this.#provider, prepared.bytes);
      if (invalid === undefined) return this.settled(prepared, name);
      this.#lane.reset();
      if (!INVALID.test(invalid) || attempt >= MAX_ATTEMPTS) {
        throw new TallyError('LEDGER_REFUSED', { call: name, reason: invalid });
      }
    }
  }

  /** Waits until `prepared` is final. */
  async settled(prepared: Pick<PreparedCommit, 'hash'>, name: string): Promise<Included> {
    const untilMs = this.#clock.nowMs() + FINAL_TIMEOUT_MS;
    for (;;) {
      await this.#finality.catchUp();
      const included = await this.#finality.find(prepared.hash);
      if (included?.failure !== undefined) {
        throw new TallyError('LEDGER_REFUSED', { call: name, reason: included.failure });
      }
      if (included !== undefined) return included;
      if (this.#clock.nowMs() >= untilMs) {
        throw new TallyError('LEDGER_TIMEOUT', { call: name, timeoutMs: FINAL_TIMEOUT_MS });
      }
      await new Promise<void>((resolve) => void this.#clock.after(POLL_MS, resolve));
    }
  }
}
