import { asNodeId, type Ed25519, fromHex } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { SeededEntropy } from '@tallystick/kernel/testing';
import type { CoordinatorHead } from '@tallystick/protocol';
import { decodeSigned, HELLO, recordHash, verifyRecord } from '@tallystick/record';
import { nodeSigner, TEST_CHAIN } from '@tallystick/site/testing';
import { describe, expect, it } from 'vitest';
import { shakeHands, type HandshakeDeps, type Welcome } from './handshake.js';

const coordinator = signerFromSeed(new Uint8Array(32).fill(7));
const SERVER_NONCE = 'cd'.repeat(32);

function deps(changes: Partial<HandshakeDeps> = {}): HandshakeDeps {
  return {
    identity: {
      chain: TEST_CHAIN,
      node: asNodeId(1),
      keyEpoch: 3,
      coordinatorKey: coordinator.key,
    },
    signer: nodeSigner(1),
    sha256,
    ed25519,
    entropy: new SeededEntropy(1),
    software: 'test/1',
    ...changes,
  };
}

/** Plays the coordinator: what it says to the challenge's answer. */
function channel(answer: (hello: string) => CoordinatorHead, first?: CoordinatorHead) {
  const sent: string[] = [];
  const heads: CoordinatorHead[] = [first ?? { kind: 'challenge', serverNonce: SERVER_NONCE }];
  return {
    sent,
    next: async () => {
      const head = heads.shift();
      if (head === undefined) throw new Error('nothing more');
      return { head };
    },
    send: async (head: { record: string }) => {
      sent.push(head.record);
      heads.push(answer(head.record));
    },
  };
}

function welcome(record: string, changes: Partial<Welcome> = {}): Welcome {
  const hash = fromHex(recordHash(sha256, HELLO, decodeSigned(HELLO, record).value));
  return {
    kind: 'welcome',
    signature: coordinator.sign(hash),
    sessionToken: 't',
    node: asNodeId(1),
    heartbeatMs: 2000,
    workHeartbeatMs: 2000,
    ...changes,
  };
}

describe('shakeHands', () => {
  it('signs a hello that names chain, keys and both nonces', async () => {
    const line = channel((record) => welcome(record));
    expect(await shakeHands(line, deps())).toMatchObject({ sessionToken: 't' });
    const { value, signature } = decodeSigned(HELLO, line.sent[0] ?? '');
    expect(value).toMatchObject({
      chain: TEST_CHAIN,
      node: 1,
      keyEpoch: 3,
      coordinatorKey: coordinator.key,
      serverNonce: SERVER_NONCE,
    });
    expect(verifyRecord(ed25519, HELLO, value, nodeSigner(1).key, signature)).toBe(true);
  });

  it('never uses a client nonce twice', async () => {
    const entropy = new SeededEntropy(5);
    const line = channel((record) => welcome(record));
    await shakeHands(line, deps({ entropy }));
    const again = channel((record) => welcome(record));
    await shakeHands(again, deps({ entropy }));
    const nonce = (record = ''): string => decodeSigned(HELLO, record).value.clientNonce;
    expect(nonce(line.sent[0])).not.toBe(nonce(again.sent[0]));
  });

  it('E: refuses the welcome of an earlier session: a relay cannot replay it', async () => {
    const entropy = new SeededEntropy(5);
    let old: Welcome | undefined;
    await shakeHands(
      channel((record) => (old = welcome(record))),
      deps({ entropy }),
    );
    const replay = channel((record) => old ?? welcome(record));
    await expect(shakeHands(replay, deps({ entropy }))).rejects.toMatchObject({
      code: 'AUTH_COORDINATOR_KEY',
    });
  });

  it.each<[string, (record: string) => CoordinatorHead, string]>([
    [
      'a signature of another key',
      (record) => {
        const other = signerFromSeed(new Uint8Array(32).fill(8));
        const hash = fromHex(recordHash(sha256, HELLO, decodeSigned(HELLO, record).value));
        return welcome(record, { signature: other.sign(hash) });
      },
      'AUTH_COORDINATOR_KEY',
    ],
    [
      'a signature over other bytes',
      (record) => welcome(record, { signature: coordinator.sign(new Uint8Array(32)) }),
      'AUTH_COORDINATOR_KEY',
    ],
    ['another node', (record) => welcome(record, { node: asNodeId(2) }), 'PROTO_UNEXPECTED'],
    ['a drain', () => ({ kind: 'drain', reason: '' }), 'PROTO_UNEXPECTED'],
    [
      'an error',
      () => ({ kind: 'error', code: 'AUTH_HELLO_INVALID', message: 'no', hint: '' }),
      'AUTH_HELLO_INVALID',
    ],
    [
      'an error of a later version',
      () => ({ kind: 'error', code: 'AUTH_QUANTUM', message: 'no', hint: '' }),
      'NET_CLOSED',
    ],
  ])('refuses %s', async (_what, answer, code) => {
    await expect(shakeHands(channel(answer), deps())).rejects.toMatchObject({ code });
  });

  it('refuses a pinned key for which anybody can sign', async () => {
    const identity = { ...deps().identity, coordinatorKey: '00'.repeat(32) as never };
    const everything: Ed25519 = { verify: () => true };
    const line = channel((record) => welcome(record));
    await expect(shakeHands(line, deps({ identity, ed25519: everything }))).rejects.toMatchObject({
      code: 'AUTH_COORDINATOR_KEY',
    });
  });

  it('says nothing before it is challenged', async () => {
    const line = channel((record) => welcome(record), { kind: 'drain', reason: '' });
    await expect(shakeHands(line, deps())).rejects.toMatchObject({ code: 'PROTO_UNEXPECTED' });
    expect(line.sent).toEqual([]);
  });
});
