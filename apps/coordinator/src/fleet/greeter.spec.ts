import {
  asHash,
  asNodeId,
  asOrganisationId,
  fromHex,
  type PublicKey,
  ZERO_HASH,
} from '@tallystick/kernel';
import { ed25519, generateKey, sha256 } from '@tallystick/kernel/node';
import { SeededEntropy } from '@tallystick/kernel/testing';
import { decodeCoordinatorFrame, encodeFrame, LIMITS } from '@tallystick/protocol';
import { HELLO, type Hello, recordHash, signRecord } from '@tallystick/record';
import type { EligibleNode } from '@tallystick/rounds';
import { describe, expect, it } from 'vitest';
import { Greeter } from './greeter.js';

const CHAIN = asHash('c1'.repeat(32));
const coordinator = generateKey();
const nodeKey = generateKey();
const member: EligibleNode = {
  node: asNodeId(5),
  organisation: asOrganisationId(1),
  keyEpoch: 2,
  key: nodeKey.key,
  cap: 10n,
};

function greeter(members: readonly EligibleNode[] = [member], suspended = false): Greeter {
  return new Greeter({
    chain: CHAIN,
    beats: LIMITS,
    signer: coordinator,
    members: { find: (node) => Promise.resolve(members.find((one) => one.node === node)) },
    sessions: { issue: (node) => `token of ${node}` },
    wasAdmitted: (node) => Promise.resolve(node === 9),
    isSuspended: () => Promise.resolve(suspended),
    entropy: new SeededEntropy(3),
    sha256,
    ed25519,
  });
}

function hello(nonce: string, changes: Partial<Hello> = {}): Hello {
  return {
    chain: CHAIN,
    node: member.node,
    keyEpoch: member.keyEpoch,
    coordinatorKey: coordinator.key,
    serverNonce: nonce,
    clientNonce: '01'.repeat(32),
    ...changes,
  };
}

function frameOf(value: Hello, signer = nodeKey): Uint8Array {
  const record = signRecord(HELLO, value, signer).wire;
  return encodeFrame({ kind: 'hello', record, software: 'test 1' });
}

describe('Greeter', () => {
  it('welcomes a node that proves its key, and proves its own', async () => {
    const server = greeter();
    const { nonce } = server.challenge();
    const value = hello(nonce);
    const answer = await server.answer(nonce, frameOf(value));
    expect(answer.member).toEqual(member);
    const decoded = decodeCoordinatorFrame(answer.frame, 0);
    if (!decoded.ok || decoded.frame.head.kind !== 'welcome') throw new Error('no welcome');
    const { signature, sessionToken, node } = decoded.frame.head;
    const message = fromHex(recordHash(sha256, HELLO, value));
    expect(ed25519.verify(coordinator.key, message, signature)).toBe(true);
    expect({ sessionToken, node }).toEqual({ sessionToken: 'token of 5', node: 5 });
  });

  it('gives every socket a nonce of its own', () => {
    const server = greeter();
    expect(server.challenge().nonce).not.toBe(server.challenge().nonce);
  });

  const refusals: [string, Partial<Hello>, string][] = [
    ['another chain', { chain: ZERO_HASH }, 'AUTH_HELLO_INVALID'],
    ['an old nonce', { serverNonce: '02'.repeat(32) }, 'AUTH_HELLO_INVALID'],
    ['an empty nonce', { serverNonce: '00'.repeat(32) }, 'AUTH_HELLO_INVALID'],
    ['an unknown node', { node: asNodeId(6) }, 'AUTH_HELLO_INVALID'],
    ['a node that was admitted once', { node: asNodeId(9) }, 'AUTH_NODE_REVOKED'],
    ['an old key epoch', { keyEpoch: 1 }, 'AUTH_HELLO_INVALID'],
    ['another coordinator key', { coordinatorKey: nodeKey.key }, 'AUTH_COORDINATOR_KEY'],
  ];
  it.each(refusals)('refuses a hello for %s', async (_, changes, code) => {
    const server = greeter();
    const { nonce } = server.challenge();
    const frame = frameOf(hello(nonce, changes));
    await expect(server.answer(nonce, frame)).rejects.toMatchObject({ code });
  });

  it('H: refuses a hello that another key signed, and a registered key of small order', async () => {
    const server = greeter();
    const { nonce } = server.challenge();
    await expect(server.answer(nonce, frameOf(hello(nonce), generateKey()))).rejects.toMatchObject({
      code: 'AUTH_HELLO_INVALID',
    });
    const identity = `01${'00'.repeat(31)}` as PublicKey;
    await expect(
      greeter([{ ...member, key: identity }]).answer(nonce, frameOf(hello(nonce))),
    ).rejects.toMatchObject({ code: 'AUTH_HELLO_INVALID' });
  });

  it('lets no suspended node in, and says so to nobody but the node', async () => {
    const server = greeter([member], true);
    const { nonce } = server.challenge();
    await expect(server.answer(nonce, frameOf(hello(nonce)))).rejects.toMatchObject({
      code: 'AUTH_NODE_SUSPENDED',
    });
    const forged = frameOf(hello(nonce), generateKey());
    await expect(server.answer(nonce, forged)).rejects.toMatchObject({
      code: 'AUTH_HELLO_INVALID',
    });
  });

  it('wants hello first', async () => {
    const frame = encodeFrame({
      kind: 'progress',
      run: 0 as never,
      round: 0,
      stage: 'train',
      fraction: 0,
    });
    await expect(greeter().answer('00', frame)).rejects.toMatchObject({ code: 'PROTO_UNEXPECTED' });
    await expect(greeter().answer('00', new Uint8Array(3))).rejects.toMatchObject({
      code: 'PROTO_MALFORMED',
    });
  });
});
