import { asHash, asNodeId, asOrganisationId, asPublicKey } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import type { EligibleNode } from '@tallystick/rounds';
import { FakeLedger } from '@tallystick/rounds/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Members } from './members.js';

class CountingLedger extends FakeLedger {
  reads = 0;
  hash = '0a'.repeat(32);
  isBroken = false;

  override finalized(): ReturnType<FakeLedger['finalized']> {
    return Promise.resolve({ number: 1, hash: asHash(this.hash) });
  }
  override eligible(): Promise<readonly EligibleNode[]> {
    this.reads++;
    return this.isBroken ? Promise.reject(new Error('away')) : super.eligible();
  }
}

describe('Members', () => {
  let ledger: CountingLedger;
  let clock: VirtualClock;
  let members: Members;
  beforeEach(() => {
    ledger = new CountingLedger();
    const organisation = asOrganisationId(0);
    const key = asPublicKey('11'.repeat(32));
    ledger.nodes.push({ node: asNodeId(4), organisation, keyEpoch: 0, key, cap: 1n });
    clock = new VirtualClock();
    members = new Members(ledger, clock);
  });

  it('reads the nodes once for everyone who asks, and again at a new block', async () => {
    const found = await Promise.all([4, 4, 5].map((node) => members.find(asNodeId(node))));
    expect(found.map((member) => member?.node)).toEqual([4, 4, undefined]);
    await clock.advance(1_000);
    await members.all();
    expect(ledger.reads).toBe(1);
    ledger.hash = '0b'.repeat(32);
    await clock.advance(1_000);
    await members.all();
    expect(ledger.reads).toBe(2);
  });

  it('sees a node that was admitted a moment ago', async () => {
    await members.all();
    const [first] = ledger.nodes;
    if (first !== undefined) ledger.nodes.push({ ...first, node: asNodeId(9) });
    ledger.hash = '0b'.repeat(32);
    expect((await members.find(asNodeId(9)))?.node).toBe(9);
  });

  it('does not keep a failed read', async () => {
    ledger.isBroken = true;
    await expect(members.all()).rejects.toThrow('away');
    ledger.isBroken = false;
    expect((await members.find(asNodeId(4)))?.node).toBe(4);
  });
});
