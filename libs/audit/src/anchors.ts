import type { Hash, NodeId, PublicKey } from '@tallystick/kernel';
import type { Header, Promise as PromiseRecord } from '@tallystick/record';

/** What one site kept for itself: its own log, read by `site`. */
export interface NodeAnchor {
  /** File or name shown to people. */
  readonly name: string;
  readonly genesis: Hash;
  readonly node: NodeId;
  readonly key: PublicKey;
  readonly coordinatorKey: PublicKey;
  /** Signed headers it received for this run. */
  readonly headers: readonly Header[];
  /** Promises it holds for this run. */
  readonly promises: readonly PromiseRecord[];
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
  /** Headers and promises of the logs that were found in the history. */
  readonly headersChecked: number;
  readonly promisesChecked: number;
}
