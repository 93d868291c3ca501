import { asHash, asNodeId, asRunId, toHex } from '@tallystick/kernel';
import { sha256, signerFromSeed } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import {
  CONTRIB,
  PROMISE,
  type Receipt,
  RECEIPT,
  receiptHash,
  signRecord,
} from '@tallystick/record';
import type { Court, EvidenceFile } from '@tallystick/site';
import { describe, expect, it } from 'vitest';
import { DisputeDesk } from './dispute-desk.js';

const WINDOW_MS = 3_600_000;
const GRACE_MS = 5_000;
const NODE = signerFromSeed(new Uint8Array(32).fill(1));
const COORDINATOR = signerFromSeed(new Uint8Array(32).fill(2));
const HASH = asHash('11'.repeat(32));
const AT = { chain: HASH, run: asRunId(3), round: 0 };
const OWN: Receipt = {
  ...AT,
  prev: HASH,
  task: HASH,
  node: asNodeId(0),
  keyEpoch: 0,
  update: HASH,
  updateBytes: 100n,
  numExamples: 1n,
  lossBefore: 0n,
  lossAfter: 0n,
  policy: HASH,
  salt: '22'.repeat(16),
};
const SIGNED = signRecord(RECEIPT, OWN, NODE);
const RECEIPT_HASH = receiptHash(sha256, OWN, SIGNED.signature);
const OTHER = {
  ...{ node: asNodeId(1), keyEpoch: 0, receipt: HASH, update: HASH },
  ...{ numExamples: 1n, weight: 1n },
};
const PROMISED = { ...AT, node: asNodeId(0), receipt: RECEIPT_HASH, dueMs: 1n };

/** A receipt that was promised and is not in the round, as the leaf next to its place shows. */
const EVIDENCE: EvidenceFile = {
  format: 'tally/evidence/v1',
  kind: 'omitted',
  code: 'ROUND_PROMISE_BROKEN',
  detail: 'left out',
  ...AT,
  node: asNodeId(0),
  key: NODE.key,
  coordinatorKey: COORDINATOR.key,
  records: { receipt: SIGNED.wire, promise: signRecord(PROMISE, PROMISED, COORDINATOR).wire },
  leaves: [{ leaf: toHex(CONTRIB.encode(OTHER)), index: 0, proof: [] }],
  unchecked: [],
};

/** A court in virtual time that writes down what it is asked for. */
class TestCourt implements Court {
  readonly calls: string[] = [];
  isAway = false;
  isAnswered = false;
  readonly #deadlineMs: bigint;

  constructor(nowMs: number) {
    this.#deadlineMs = BigInt(nowMs + WINDOW_MS);
  }

  file({ call }: { readonly call: string }) {
    this.calls.push(call);
    return Promise.resolve({ number: 1 });
  }

  openDemands(): ReturnType<Court['openDemands']> {
    if (this.calls.length === 0 || this.isAnswered) return Promise.resolve([]);
    const wanted = { kind: 'receipt', receipt: RECEIPT_HASH } as const;
    return Promise.resolve([{ round: 0, demand: 7, wanted, deadlineMs: this.#deadlineMs }]);
  }

  unanswered({ demand }: { readonly demand: number }) {
    this.calls.push(`unanswered ${demand}`);
    return Promise.resolve({ number: 2 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function setting() {
  const clock = new VirtualClock();
  const logger = new MemoryLogger();
  const court = new TestCourt(clock.nowMs());
  const open = () => (court.isAway ? Promise.reject(new Error('away')) : Promise.resolve(court));
  const desk = new DisputeDesk({ open, clock, logger });
  const failures = () => logger.lines.filter(({ event }) => event === 'dispute.failed').length;
  return { clock, logger, court, desk, failures };
}

describe('the dispute desk', () => {
  it('brings a demand that nobody answers to its end after its deadline, not before', async () => {
    const { clock, court, desk } = setting();
    desk.file(EVIDENCE, 'file');
    await clock.advance(WINDOW_MS);
    expect(court.calls).toEqual(['demand']);
    await clock.advance(GRACE_MS);
    expect(court.calls).toEqual(['demand', 'unanswered 7']);
    await clock.advance(WINDOW_MS);
    expect(court.calls).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('asks for nothing again once somebody answered: that would cost another deposit', async () => {
    const { clock, court, desk, logger } = setting();
    desk.file(EVIDENCE, 'file');
    await clock.advance(1);
    court.isAnswered = true;
    await clock.advance(2 * WINDOW_MS);
    expect(court.calls).toEqual(['demand']);
    expect(logger.lines.at(-1)?.fields).toMatchObject({ state: 'answered' });
    expect(clock.pending).toBe(0);
  });

  it('asks a chain that is away again, and not for ever', async () => {
    const { clock, court, desk, failures } = setting();
    court.isAway = true;
    desk.file(EVIDENCE, 'file');
    await clock.advance(90_000);
    court.isAway = false;
    await clock.advance(60_000);
    expect(court.calls).toEqual(['demand']);
    expect(failures()).toBe(2);
    const gone = setting();
    gone.court.isAway = true;
    gone.desk.file(EVIDENCE, 'file');
    await gone.clock.advance(86_400_000);
    expect(gone.failures()).toBe(5);
    expect(gone.clock.pending).toBe(0);
  });

  it('follows nothing once it is closed', async () => {
    const { clock, court, desk } = setting();
    desk.file(EVIDENCE, 'file');
    await clock.advance(1);
    await desk.close();
    await clock.advance(2 * WINDOW_MS);
    expect(court.calls).toEqual(['demand']);
    expect(clock.pending).toBe(0);
  });
});
