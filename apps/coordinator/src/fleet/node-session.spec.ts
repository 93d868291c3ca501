import { asNodeId, asRunId, type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { generateKey, sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { encodeFrame, LIMITS, type NodeHead } from '@tallystick/protocol';
import { DECLINE, type Receipt, RECEIPT, signRecord } from '@tallystick/record';
import type { RunLoop, Submission, Verdict } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import type { EvaluationReport } from '../rounds/evaluations.js';
import { FakeWire } from '../testing/fakes.js';
import { FuzzFrames } from '../testing/fuzz-frames.js';
import { MemorySpooler } from '../testing/memory-spooler.js';
import { NodeSession } from './node-session.js';
import { UploadSlots } from './upload-slots.js';

const NODE = asNodeId(4);
const RUN = asRunId(7);
const CONTENT = Uint8Array.from({ length: 300 }, (_, i) => i & 255);
const key = generateKey();

describe('NodeSession', () => {
  let spooler: MemorySpooler;
  let wire: FakeWire;
  let clock: VirtualClock;
  let submissions: Submission[];
  let strikes: string[];
  let evaluations: EvaluationReport[];
  let declined: number;
  let verdict: () => Promise<Verdict>;
  let isExpected: boolean;
  let session: NodeSession;

  beforeEach(() => {
    spooler = new MemorySpooler();
    wire = new FakeWire();
    clock = new VirtualClock();
    submissions = [];
    strikes = [];
    evaluations = [];
    declined = 0;
    isExpected = true;
    verdict = () => Promise.resolve({ outcome: 'accepted', promise: 'ab'.repeat(84 + 64) });
    session = newSession(wire);
  });
  afterEach(() => session.end());

  function newSession(on: FakeWire, slots = new UploadSlots()): NodeSession {
    const loop = {
      expects: () => isExpected,
      submit: (_: number, submission: Submission) => {
        submissions.push(submission);
        return verdict();
      },
      decline: () => Promise.resolve(void declined++),
    } as unknown as RunLoop; // the session uses these three alone
    return new NodeSession(NODE, on, {
      folder: '',
      spooler,
      slots,
      blobs: spooler.blobs,
      clock,
      crash: NO_CRASH,
      runs: { find: (run) => (run === RUN ? loop : undefined) },
      evaluations: { report: (_, report) => Promise.resolve(void evaluations.push(report)) },
      strikes: { add: (_, { code }) => Promise.resolve(void strikes.push(code)) },
      metrics: { verdict: () => undefined, received: () => undefined },
      logger: new MemoryLogger(),
    });
  }

  function receipt(changes: Partial<Receipt> = {}): string {
    const value: Receipt = {
      chain: ZERO_HASH,
      run: RUN,
      round: 1,
      prev: ZERO_HASH,
      task: ZERO_HASH,
      node: NODE,
      keyEpoch: 0,
      update: sha256(CONTENT),
      updateBytes: 300n,
      numExamples: 5n,
      lossBefore: 0n,
      lossAfter: 0n,
      policy: ZERO_HASH,
      salt: '00'.repeat(16),
      ...changes,
    };
    return signRecord(RECEIPT, value, key).wire;
  }

  const at = { run: RUN, round: 1 };
  let said = 0;

  /** Hands frames in and waits until the session has nothing left to do. */
  async function say(...frames: [NodeHead, Uint8Array?][]): Promise<void> {
    for (const [head, payload] of frames) session.receive(encodeFrame(head, payload));
    const fraction = 1 / ++said;
    session.receive(encodeFrame({ kind: 'progress', ...at, stage: 'upload', fraction }));
    await expect
      .poll(() => wire.closed !== undefined || session.progress?.fraction === fraction)
      .toBe(true);
  }

  const begin = (update: Hash = sha256(CONTENT), bytes = 300): [NodeHead] => [
    { kind: 'upload.begin', ...at, update, bytes },
  ];
  const chunk = (bytes = CONTENT, offset = 0): [NodeHead, Uint8Array] => [
    { kind: 'upload.chunk', ...at, offset },
    bytes,
  ];
  const submit = (changes: Partial<Receipt> = {}): [NodeHead] => [
    { kind: 'submit', ...at, receipt: receipt(changes) },
  ];

  it('takes an upload to its verdict', async () => {
    await say(begin(), chunk(), submit());
    expect(wire.heads.map(({ kind }) => kind)).toEqual(['upload.credit', 'verdict']);
    expect(submissions).toHaveLength(1);
    expect(submissions[0]?.updateBytes).toBe(300n);
  });

  it('answers what was under way when the round ended with lateness, and keeps the session', async () => {
    await say(begin());
    session.forget(RUN, 1);
    await say(chunk(), submit());
    expect(wire.closed).toBeUndefined();
    expect(wire.heads.at(-1)).toMatchObject({
      kind: 'verdict',
      outcome: 'ignored',
      code: 'ROUND_CLOSED',
    });
    expect(strikes).toEqual([]);
    expect(submissions).toEqual([]);
  });

  it('takes the same receipt again without the bytes', async () => {
    await say(begin(), chunk(), submit());
    isExpected = false;
    await say(begin(), submit());
    expect(wire.heads.at(-2)).toMatchObject({ kind: 'upload.credit', offset: 300 });
    expect(wire.heads.at(-1)).toMatchObject({ kind: 'verdict', outcome: 'accepted' });
  });

  it('goes on with an upload in the next session', async () => {
    const big = new Uint8Array(LIMITS.chunkBytes + 5).fill(9);
    const update = sha256(big);
    const first = chunk(big.subarray(0, LIMITS.chunkBytes));
    await say(begin(update, big.length), first);
    await session.end();
    wire = new FakeWire();
    session = newSession(wire);
    await say(begin(update, big.length));
    expect(wire.heads).toEqual([{ kind: 'upload.credit', ...at, offset: LIMITS.chunkBytes }]);
    const last = chunk(big.subarray(LIMITS.chunkBytes), LIMITS.chunkBytes);
    await say(last, submit({ update, updateBytes: BigInt(big.length) }));
    expect(submissions).toHaveLength(1);
  });

  it('does not let a round that expects nothing cost a byte', async () => {
    isExpected = false;
    await say(begin());
    expect(wire.heads).toMatchObject([
      { kind: 'verdict', outcome: 'ignored', code: 'ROUND_CLOSED' },
    ]);
    expect(wire.closed).toBeUndefined();
  });

  it('H: rejects bytes that are not what the receipt says, and takes the right ones after', async () => {
    const other = CONTENT.toReversed();
    await say(begin(), chunk(other), submit());
    expect(wire.heads.at(-1)).toMatchObject({ outcome: 'rejected', code: 'UPDATE_HASH_MISMATCH' });
    expect(strikes).toEqual(['UPDATE_HASH_MISMATCH']);
    await say(begin(), chunk(), submit());
    expect(wire.heads.at(-1)).toMatchObject({ kind: 'verdict', outcome: 'accepted' });
  });

  it('rejects a receipt in the name of another node, and one for another round', async () => {
    await say(submit({ node: asNodeId(5) }));
    await say(submit({ round: 2 }));
    expect(strikes).toEqual(['ROUND_WRONG_TASK', 'ROUND_WRONG_TASK']);
    expect(submissions).toEqual([]);
  });

  it('counts a strike for what the round rejects', async () => {
    verdict = () =>
      Promise.resolve({ outcome: 'rejected', code: 'ROUND_BAD_SIGNATURE', message: 'x' });
    await say(begin(), chunk(), submit());
    expect(strikes).toEqual(['ROUND_BAD_SIGNATURE']);
  });

  it('tells a fault of its own and stays', async () => {
    verdict = () => Promise.reject(new TallyError('STORE_DATABASE', { reason: 'away' }));
    await say(begin(), chunk(), submit());
    expect(wire.heads.at(-1)).toMatchObject({ kind: 'error', code: 'STORE_DATABASE' });
    expect(wire.closed).toBeUndefined();
    expect(strikes).toEqual([]);
  });

  it('H: closes on a violation of the protocol, with its code', async () => {
    await say(chunk());
    expect(wire.closed).toEqual({ code: 4400, reason: 'PROTO_UNEXPECTED' });
    expect(wire.heads.at(-1)).toMatchObject({ kind: 'error', code: 'PROTO_UNEXPECTED' });
  });

  it.each([
    ['garbage', new Uint8Array([1, 2, 3]), 'PROTO_MALFORMED'],
    [
      'a frame that only a coordinator sends',
      encodeFrame({ kind: 'drain', reason: '' }),
      'PROTO_UNEXPECTED',
    ],
  ])('closes on %s', async (_, bytes, code) => {
    session.receive(bytes);
    await expect.poll(() => wire.closed?.reason).toBe(code);
  });

  it('bounds what waits, and stops reading at the first', async () => {
    session.receive(encodeFrame(begin()[0]));
    expect(wire.isPaused).toBe(false);
    for (let i = 0; i < 300; i++) {
      session.receive(encodeFrame({ kind: 'progress', ...at, stage: 'train', fraction: 0 }));
    }
    expect(wire.isPaused).toBe(true);
    expect(wire.closed?.reason).toBe('NET_BUSY');
  });

  it('H: asks for a stored file again that the disk has damaged', async () => {
    await say(begin(), chunk(), submit());
    spooler.stored.set(sha256(CONTENT), new Uint8Array(300));
    await say(begin(), chunk(), submit());
    expect(wire.heads.filter(({ kind }) => kind === 'upload.credit')).toMatchObject([
      { offset: 0 },
      { offset: 0 },
    ]);
    expect(spooler.stored.get(sha256(CONTENT))).toEqual(CONTENT);
  });

  it('reads on when nothing waits any more', async () => {
    session.receive(encodeFrame(begin()[0]));
    session.receive(encodeFrame(chunk()[0], CONTENT));
    expect(wire.isPaused).toBe(true);
    await expect.poll(() => wire.isPaused).toBe(false);
    expect(wire.heads.map(({ kind }) => kind)).toEqual(['upload.credit']);
  });

  it('gives the slot of a node that stops in the middle to the next', async () => {
    const slots = new UploadSlots(1);
    session = newSession(wire, slots);
    await say(begin());
    const other = new FakeWire();
    const next = newSession(other, slots);
    next.receive(encodeFrame(begin()[0]));
    expect(other.heads).toEqual([]);
    await clock.advance(30_000);
    expect(wire.closed?.reason).toBe('NET_TIMEOUT');
    await expect.poll(() => other.heads.length).toBe(1);
    await next.end();
  });

  it('H: a node that shows life but sends no chunk keeps its slot for 30 s, not longer', async () => {
    const slots = new UploadSlots(1);
    session = newSession(wire, slots);
    await say(begin());
    for (let second = 0; second < 29; second++) {
      await clock.advance(1_000);
      await say();
    }
    expect(wire.closed).toBeUndefined();
    await clock.advance(1_000);
    expect(wire.closed).toEqual({ code: 4408, reason: 'NET_TIMEOUT' });
    expect(spooler.opened).toBe(0);
    (await slots.take(new AbortController().signal))();
  });

  it('H: a second begin takes the place of the first, and holds one slot', async () => {
    const slots = new UploadSlots(1);
    session = newSession(wire, slots);
    await say(begin(ZERO_HASH, 5_000), begin(), chunk(), submit());
    expect(wire.heads.at(-1)).toMatchObject({ kind: 'verdict', outcome: 'accepted' });
    expect(spooler.opened).toBe(0);
    (await slots.take(new AbortController().signal))();
  });

  it('H: uploads begun again and again are a strike, and end the session', async () => {
    for (let times = 0; times < 32; times++) await say(begin());
    expect(strikes).toEqual([]);
    await say(begin());
    expect(strikes).toEqual(['UPDATE_QUOTA']);
    expect(wire.closed).toEqual({ code: 4429, reason: 'UPDATE_QUOTA' });
    await session.end();
    expect(spooler.opened).toBe(0);
  });

  it('H: refuses more bytes than were announced', async () => {
    await say(begin(), chunk(), chunk(CONTENT.subarray(0, 1), 300));
    expect(wire.closed).toEqual({ code: 4400, reason: 'PROTO_UNEXPECTED' });
    expect(submissions).toEqual([]);
  });

  const seed = Date.now() % 2 ** 31;
  it(`H: reads 10,000 hostile frames and holds on to nothing (seed ${seed})`, async () => {
    const frames = new FuzzFrames(seed);
    const reasons = new Set<string>();
    for (let n = 0; n < 10_000; n++) {
      const frame = frames.next({ run: RUN, round: 1 });
      if (typeof frame === 'string') continue;
      session.receive(frame);
      if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (wire.closed === undefined) continue;
      reasons.add(wire.closed.reason);
      await session.end();
      wire = new FakeWire();
      session = newSession(wire);
    }
    await session.end();
    const violations = ['PROTO_MALFORMED', 'PROTO_TOO_LARGE', 'PROTO_UNEXPECTED'];
    expect([...reasons].toSorted()).toEqual(expect.arrayContaining(violations));
    expect(reasons).not.toContain('INTERNAL');
    expect(spooler.opened).toBe(0);
    expect(submissions).toEqual([]);
  });

  it('forged failure reports: an error, or a decline in another name, ends no run and no other node’s part', async () => {
    const forged = { chain: ZERO_HASH, ...at, task: ZERO_HASH, node: asNodeId(5), reason: 1 };
    const record = signRecord(DECLINE, forged, key).wire;
    const message = 'round 1 failed, abort the run';
    await say([{ kind: 'error', code: 'INTERNAL', message, hint: 'abort' }]);
    await say(begin(), chunk(), submit());
    expect(submissions).toHaveLength(1);
    await say([{ kind: 'decline', record, code: 'INTERNAL', message }]);
    expect(declined).toBe(0);
  });

  it('passes declines and evaluations on, and only its own', async () => {
    const decline = { chain: ZERO_HASH, ...at, task: ZERO_HASH, node: NODE, reason: 1 };
    const say1 = signRecord(DECLINE, decline, key).wire;
    const code = 'POLICY_PURPOSE';
    await say([{ kind: 'decline', record: say1, code, message: '' }]);
    expect(declined).toBe(1);
    const metrics = { accuracy: 5 };
    await say([{ kind: 'evaluation', ...at, model: ZERO_HASH, numExamples: 3, metrics }]);
    expect(evaluations).toMatchObject([{ round: 1, numExamples: 3, metrics }]);
    const foreign = signRecord(DECLINE, { ...decline, node: asNodeId(5) }, key).wire;
    await say([{ kind: 'decline', record: foreign, code, message: '' }]);
    expect(declined).toBe(1);
  });
});
