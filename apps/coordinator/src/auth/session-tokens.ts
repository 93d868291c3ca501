import { createHmac, timingSafeEqual } from 'node:crypto';
import { asNodeId, type Clock, type Entropy, type NodeId } from '@tallystick/kernel';

const MAC_BYTES = 32;
/** u32 node ‖ u64 expiry in ms, both little-endian, before the MAC. */
const CLAIM_BYTES = 12;

/**
 * Bearer tokens of connected nodes: base64url(node ‖ expiry ‖ HMAC-SHA256). The secret lives as long as the process:
 * after a restart every node says hello again anyway.
 */
export class SessionTokens {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  readonly #lifeMs: number;
  /** Of nodes that were sent away: tokens from before are void. One entry a node. */
  readonly #endedAtMs = new Map<NodeId, number>();

  constructor(lifeMs: number, { entropy, clock }: { entropy: Entropy; clock: Clock }) {
    this.#lifeMs = lifeMs;
    this.#secret = entropy.bytes(32);
    this.#clock = clock;
  }

  issue(node: NodeId): string {
    const claim = Buffer.alloc(CLAIM_BYTES);
    claim.writeUInt32LE(node, 0);
    claim.writeBigUInt64LE(BigInt(this.#clock.nowMs() + this.#lifeMs), 4);
    return Buffer.concat([claim, this.#mac(claim)]).toString('base64url');
  }

  /** Makes every token void that the node has now. */
  end(node: NodeId): void {
    this.#endedAtMs.set(node, this.#clock.nowMs());
  }

  /** The node of a valid token that has not expired; undefined otherwise. */
  check(token: string): NodeId | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== CLAIM_BYTES + MAC_BYTES) return undefined;
    const claim = bytes.subarray(0, CLAIM_BYTES);
    if (!timingSafeEqual(bytes.subarray(CLAIM_BYTES), this.#mac(claim))) return undefined;
    const expiresAtMs = Number(claim.readBigUInt64LE(4));
    if (expiresAtMs <= this.#clock.nowMs()) return undefined;
    const node = asNodeId(claim.readUInt32LE(0));
    const endedAtMs = this.#endedAtMs.get(node) ?? Number.NEGATIVE_INFINITY;
    return expiresAtMs - this.#lifeMs > endedAtMs ? node : undefined;
  }

  #mac(claim: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update('tally/session/v1').update(claim).digest();
  }
}
