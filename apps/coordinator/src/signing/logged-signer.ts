import type { PublicKey, Sha256, Signature, Signer } from '@tallystick/kernel';
import { HEADER, TASK } from '@tallystick/record';
import type { SignedKind, SigningRecord } from './signing-record.js';
import type { SigningLog } from './signing-log.js';

const TAG_BYTES = 16;

/**
 * The coordinator key behind its log: no task and no header is signed that contradicts one that was. Other records
 * (promises, greetings, proofs of possession) pass.
 */
export class LoggedSigner implements Signer {
  readonly #signer: Signer;
  readonly #log: Pick<SigningLog, 'claim' | 'assertFree'>;
  readonly #sha256: Sha256;

  constructor(signer: Signer, log: Pick<SigningLog, 'claim' | 'assertFree'>, sha256: Sha256) {
    this.#signer = signer;
    this.#log = log;
    this.#sha256 = sha256;
  }

  get key(): PublicKey {
    return this.#signer.key;
  }

  /** Throws ROUND_SIGNED_BEFORE or STORE_SIGNING_LOG, and then has signed nothing. */
  sign(message: Uint8Array): Signature {
    const record = this.#recordOf(message);
    if (record !== undefined) this.#log.claim(record);
    return this.#signer.sign(message);
  }

  assertSigns(message: Uint8Array): void {
    const record = this.#recordOf(message);
    if (record !== undefined) this.#log.assertFree(record);
  }

  #recordOf(message: Uint8Array): SigningRecord | undefined {
    for (const [kind, codec] of LOGGED) {
      if (!isTagged(message, codec.tag)) continue;
      const { chain, run, round } = codec.decode(message.subarray(TAG_BYTES));
      return { kind, chain, run, round, hash: this.#sha256(message) };
    }
    return undefined;
  }
}

const LOGGED: readonly (readonly [SignedKind, typeof TASK | typeof HEADER])[] = [
  ['task', TASK],
  ['header', HEADER],
];

function isTagged(message: Uint8Array, tag: Uint8Array): boolean {
  return tag.every((byte, i) => message[i] === byte);
}
