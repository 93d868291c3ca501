import { type CoordinatorKey, keyInForce } from '@tallystick/chain';
import {
  type PublicKey,
  type RunId,
  type Signature,
  type Signer,
  TallyError,
} from '@tallystick/kernel';
import { EPOCH, HEADER, PROMISE, TASK } from '@tallystick/record';

const TAG_BYTES = 16;

/** By run; a run that is not in it is the current key's from its first round. */
export type KeyHistories = ReadonlyMap<RunId, readonly CoordinatorKey[]>;

/**
 * The coordinator key and those before it. What is of a round is signed by the key that the chain holds for that round:
 * stored bytes get the signatures they once went out with. Everything else is signed by the current key.
 */
export class KeyRing implements Signer {
  readonly #current: Signer;
  readonly #all: ReadonlyMap<PublicKey, Signer>;
  readonly #histories: KeyHistories;

  /** @param others keys before, and one that is on the chain for some runs already */
  constructor(current: Signer, others: readonly Signer[], histories: KeyHistories) {
    this.#current = current;
    this.#all = new Map([current, ...others].map((signer) => [signer.key, signer]));
    this.#histories = histories;
  }

  get key(): PublicKey {
    return this.#current.key;
  }

  /** Throws CONFIG_KEY_MISSING when the key of that round is not here. */
  sign(message: Uint8Array): Signature {
    const place = placeOf(message);
    const history = place && this.#histories.get(place.run);
    if (place === undefined || history === undefined) return this.#current.sign(message);
    const key = keyInForce(history, place.round) ?? this.#current.key;
    const signer = this.#all.get(key);
    if (signer === undefined) throw new TallyError('CONFIG_KEY_MISSING', { key, ...place });
    return signer.sign(message);
  }
}

/** The round that a record is of; undefined for records of no round. */
function placeOf(message: Uint8Array): { readonly run: RunId; readonly round: number } | undefined {
  const isTagged = (tag: Uint8Array): boolean => tag.every((byte, i) => message[i] === byte);
  const body = message.subarray(TAG_BYTES);
  if (isTagged(EPOCH.tag)) {
    const { run, lastRound: round } = EPOCH.decode(body);
    return { run, round };
  }
  const codec = [TASK, HEADER, PROMISE].find(({ tag }) => isTagged(tag));
  if (codec === undefined) return undefined;
  const { run, round } = codec.decode(body);
  return { run, round };
}
