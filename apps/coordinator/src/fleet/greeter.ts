import {
  type Ed25519,
  type Entropy,
  fromHex,
  type Hash,
  type NodeId,
  type Sha256,
  type Signer,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import { decodeNodeFrame, encodeFrame, type Heartbeats } from '@tallystick/protocol';
import {
  decodeSigned,
  HELLO,
  type Hello,
  recordHash,
  type Signed,
  verifyRecord,
} from '@tallystick/record';
import type { EligibleNode } from '@tallystick/rounds';

export interface GreeterDeps {
  readonly chain: Hash;
  /** Intervals of the pings that the node may count on. */
  readonly beats: Heartbeats;
  readonly signer: Signer;
  readonly members: { find(node: NodeId): Promise<EligibleNode | undefined> };
  readonly sessions: { issue(node: NodeId): string };
  /** It was let in once. */
  readonly wasAdmitted: (node: NodeId) => Promise<boolean>;
  /** The operator does not let it in for now. */
  readonly isSuspended: (node: NodeId) => Promise<boolean>;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
}

/** The in-band handshake (protocol.md §8): challenge → hello → welcome, each side proving its key. */
export class Greeter {
  readonly #deps: GreeterDeps;

  constructor(deps: GreeterDeps) {
    this.#deps = deps;
  }

  /** A fresh nonce, good for one answer on one socket. */
  challenge(): { readonly nonce: string; readonly frame: Uint8Array } {
    const nonce = toHex(this.#deps.entropy.bytes(32));
    return { nonce, frame: encodeFrame({ kind: 'challenge', serverNonce: nonce }) };
  }

  /** Checks the one frame a socket may send before it is welcome. Rejects with a TallyError to close it with. */
  async answer(
    nonce: string,
    bytes: Uint8Array,
  ): Promise<{
    readonly member: EligibleNode;
    readonly frame: Uint8Array;
    readonly software: string;
  }> {
    const decoded = decodeNodeFrame(bytes, 0);
    if (!decoded.ok) throw decoded.error;
    const { head } = decoded.frame;
    if (head.kind !== 'hello') {
      throw new TallyError('PROTO_UNEXPECTED', { kind: head.kind, reason: 'hello comes first' });
    }
    const hello = decodeSigned(HELLO, head.record);
    const member = await this.#check(nonce, hello);
    const { signer, sha256, sessions, beats } = this.#deps;
    const frame = encodeFrame({
      kind: 'welcome',
      signature: signer.sign(fromHex(recordHash(sha256, HELLO, hello.value))),
      sessionToken: sessions.issue(member.node),
      node: member.node,
      heartbeatMs: beats.heartbeatMs,
      workHeartbeatMs: beats.workHeartbeatMs,
    });
    return { member, frame, software: head.software };
  }

  async #check(nonce: string, { value: hello, signature }: Signed<Hello>): Promise<EligibleNode> {
    const { chain, signer, members, ed25519, wasAdmitted, isSuspended } = this.#deps;
    const { node } = hello;
    const refuse = (reason: string): TallyError =>
      new TallyError('AUTH_HELLO_INVALID', { node, reason });
    if (hello.chain !== chain) throw refuse('it is for another chain');
    if (hello.coordinatorKey !== signer.key) {
      throw new TallyError('AUTH_COORDINATOR_KEY', {
        shown: signer.key,
        pinned: hello.coordinatorKey,
      });
    }
    if (hello.serverNonce !== nonce) throw refuse('it answers another challenge');
    const member = await members.find(node);
    if (member === undefined) {
      if (await wasAdmitted(node)) throw new TallyError('AUTH_NODE_REVOKED', { node });
      throw refuse('this node is not admitted');
    }
    if (member.keyEpoch !== hello.keyEpoch) throw refuse(`its key epoch is ${member.keyEpoch}`);
    if (!verifyRecord(ed25519, HELLO, hello, member.key, signature)) {
      throw refuse('its key did not sign it');
    }
    if (await isSuspended(node)) throw new TallyError('AUTH_NODE_SUSPENDED', { node });
    return member;
  }
}
