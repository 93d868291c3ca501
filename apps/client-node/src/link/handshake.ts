import {
  type Ed25519,
  type Entropy,
  fromHex,
  type Sha256,
  type Signer,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import type { CoordinatorHead } from '@tallystick/protocol';
import { HELLO, isAdmissibleKey, recordHash, signRecord } from '@tallystick/record';
import type { SiteIdentity } from '@tallystick/site';
import { remoteError } from './remote-error.js';

/** The two calls of a channel that a handshake needs. */
export interface HandshakeChannel {
  next(): Promise<{ readonly head: CoordinatorHead }>;
  send(head: { kind: 'hello'; record: string; software: string }): Promise<void>;
}

export interface HandshakeDeps {
  readonly identity: SiteIdentity;
  /** The node key. */
  readonly signer: Signer;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly entropy: Entropy;
  /** Name and version. */
  readonly software: string;
}

export type Welcome = Extract<CoordinatorHead, { kind: 'welcome' }>;

/**
 * challenge → hello → welcome (protocol.md §8). The hello names the pinned coordinator key and both nonces; the
 * welcome must be that key's signature over H(hello): whoever stands between can carry or drop, not speak. Rejects
 * with AUTH_COORDINATOR_KEY for any other key, and with what the coordinator refused the hello for.
 */
export async function shakeHands(channel: HandshakeChannel, deps: HandshakeDeps): Promise<Welcome> {
  const { identity, signer, sha256, ed25519, entropy, software } = deps;
  const { coordinatorKey } = identity;
  const challenge = await expect(channel, 'challenge');
  const hello = {
    chain: identity.chain,
    node: identity.node,
    keyEpoch: identity.keyEpoch,
    coordinatorKey,
    serverNonce: challenge.serverNonce,
    clientNonce: toHex(entropy.bytes(32)),
  };
  const { wire: record } = signRecord(HELLO, hello, signer);
  await channel.send({ kind: 'hello', record, software });
  const welcome = await expect(channel, 'welcome');
  const hash = fromHex(recordHash(sha256, HELLO, hello));
  const isPinned =
    isAdmissibleKey(coordinatorKey) && ed25519.verify(coordinatorKey, hash, welcome.signature);
  if (!isPinned) {
    const shown = 'unknown (the pinned one did not sign its welcome)';
    throw new TallyError('AUTH_COORDINATOR_KEY', { shown, pinned: coordinatorKey });
  }
  if (welcome.node !== identity.node) {
    const reason = `the welcome is for node ${welcome.node}`;
    throw new TallyError('PROTO_UNEXPECTED', { kind: 'welcome', reason });
  }
  return welcome;
}

async function expect<K extends 'challenge' | 'welcome'>(
  channel: HandshakeChannel,
  kind: K,
): Promise<Extract<CoordinatorHead, { kind: K }>> {
  const { head } = await channel.next();
  if (isKind(head, kind)) return head;
  if (head.kind === 'error') throw remoteError(head);
  throw new TallyError('PROTO_UNEXPECTED', { kind: head.kind, reason: `${kind} comes first` });
}

function isKind<K extends CoordinatorHead['kind']>(
  head: CoordinatorHead,
  kind: K,
): head is Extract<CoordinatorHead, { kind: K }> {
  return head.kind === kind;
}
