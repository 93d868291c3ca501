import type { Hash, NodeId, PublicKey } from '@tallystick/kernel';
import type { Header, Promise as PromiseRecord } from '@tallystick/record';
import type { VoidSpan } from '@tallystick/rounds';

/** A receipt that a node says it signed. */
export interface OwnReceipt {
  readonly round: number;
  /** H(tag ‖ SCALE ‖ signature). */
  readonly hash: Hash;
}

/** What one site kept for itself: its own log, read by `site`. */
export interface NodeAnchor {
  /** File or name shown to people. */
  readonly name: string;
  readonly genesis: Hash;
  readonly node: NodeId;
  /** Its newest key. */
  readonly key: PublicKey;
  /** Keys it had in earlier key epochs. */
  readonly formerKeys?: readonly PublicKey[];
  /** The coordinator key that it believes now. */
  readonly coordinatorKey: PublicKey;
  /** Those that it believed before. */
  readonly formerCoordinatorKeys?: readonly PublicKey[];
  /** Signed headers it received for this run. */
  readonly headers: readonly Header[];
  /** Promises it holds for this run. */
  readonly promises: readonly PromiseRecord[];
  /** Receipts it signed for this run; when given, a receipt in its name that is not among them is a forgery. */
  readonly receipts?: readonly OwnReceipt[];
  /** Round numbers of this run that it was told to be void. */
  readonly voids?: readonly VoidSpan[];
}

/** What the auditor brings from outside; the verdict can only be as strong as these. */
export interface Anchors {
  /** `--chain`: genesis hash. */
  readonly genesis?: Hash;
  /** `--head`: a block hash that an outsider holds. */
  readonly head?: Hash;
  /** `--nodes`: node keys an outsider vouches for. */
  readonly nodeKeys: readonly PublicKey[];
  /** `--as-node`: logs of the nodes themselves. */
  readonly logs: readonly NodeAnchor[];
}

/** What was anchored by what, for the report. */
export interface AnchorReport {
  readonly genesis: boolean;
  readonly head: boolean;
  /** Counted nodes whose key an anchor vouches for, and those without. */
  readonly anchored: readonly NodeId[];
  readonly unanchored: readonly NodeId[];
  /** Headers, promises and receipts of the logs that were compared with the history. */
  readonly headersChecked: number;
  readonly promisesChecked: number;
  readonly receiptsChecked: number;
  /** Highest round whose header a log holds: what follows it rests on the operator's word alone. */
  readonly lastHeader: number | null;
}

/** All keys that `log` vouches for. */
export function keysOf(log: NodeAnchor): readonly PublicKey[] {
  return [log.key, ...(log.formerKeys ?? [])];
}
