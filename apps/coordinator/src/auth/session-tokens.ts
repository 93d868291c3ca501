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

  /** The node of a valid token that has not expired; undefined otherwise. */
  check(token: string): NodeId | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== CLAIM_BYTES + MAC_BYTES) return undefined;
    const claim = bytes.subarray(0, CLAIM_BYTES);
    if (!timingSafeEqual(bytes.subarray(CLAIM_BYTES), this.#mac(claim))) return undefined;
    if (claim.readBigUInt64LE(4) <= BigInt(this.#clock.nowMs())) return undefined;
    return asNodeId(claim.readUInt32LE(0));
  }

  #mac(claim: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update('tally/session/v1').update(claim).digest();
  }
}
