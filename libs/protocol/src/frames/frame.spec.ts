import {
  asHash,
  asNodeId,
  asRunId,
  asSignature,
  concatBytes,
  toHex,
  utf8,
} from '@tallystick/kernel';
import { DECLINE, HEADER, HELLO, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.js';
import { decodeCohort, encodeCohort } from './cohort-payload.js';
import {
  type Decoded,
  decodeCoordinatorFrame,
  decodeFrame,
  decodeNodeFrame,
  encodeFrame,
} from './frame.js';
import { FRAME_KINDS, type FrameHead } from './frame-heads.js';

function wire(codec: { readonly size: number }): string {
  return '5a'.repeat(codec.size + 64);
}
const inRound = { run: asRunId(3), round: 14 };
const hash = asHash('ab'.repeat(32));

/** One head of every shape. */
const HEADS: readonly FrameHead[] = [
  { kind: 'challenge', serverNonce: '01'.repeat(32) },
  { kind: 'hello', record: wire(HELLO), software: 'tallystick-node/0.0.0' },
  {
    kind: 'welcome',
    signature: asSignature('0f'.repeat(64)),
    sessionToken: 'token',
    node: asNodeId(4_294_967_295),
    heartbeatMs: LIMITS.heartbeatMs,
    workHeartbeatMs: LIMITS.workHeartbeatMs,
  },
  { kind: 'offer', task: wire(TASK), headers: [wire(HEADER)] },
  { kind: 'decline', record: wire(DECLINE), code: 'POLICY_PURPOSE', message: 'näin ei käy' },
  { kind: 'progress', ...inRound, stage: 'train', fraction: 0.25 },
  { kind: 'upload.begin', ...inRound, update: hash, bytes: 56 },
  { kind: 'upload.credit', ...inRound, offset: 0 },
  { kind: 'upload.chunk', ...inRound, offset: LIMITS.chunkBytes },
  { kind: 'submit', ...inRound, receipt: wire(RECEIPT) },
  { kind: 'verdict', ...inRound, outcome: 'accepted', promise: wire(PROMISE) },
  { kind: 'verdict', ...inRound, outcome: 'ignored', code: 'ROUND_CLOSED', message: 'too late' },
  { kind: 'verdict', ...inRound, outcome: 'rejected', code: 'UPDATE_MALFORMED', message: 'no' },
  { kind: 'result', ...inRound, header: wire(HEADER), model: hash },
  {
    kind: 'result',
    ...inRound,
    header: wire(HEADER),
    inclusion: {
      index: 2,
      weight: '199',
      proof: [{ hash, sum: '340282366920938463463374607431768211455' }],
    },
    model: hash,
  },
  { kind: 'evaluation', ...inRound, model: hash, numExamples: 104, metrics: { accuracy: -1 } },
  { kind: 'drain', reason: 'restart' },
  { kind: 'error', code: 'PROTO_MALFORMED', message: 'm', hint: 'h' },
  { kind: 'error', code: 'PROTO_MALFORMED', message: 'm', hint: 'h', where: 'head' },
];
const PAYLOAD = Uint8Array.of(1, 2, 3);

function payloadOf(head: FrameHead): Uint8Array {
  return FRAME_KINDS[head.kind].payload ? PAYLOAD : new Uint8Array(0);
}

/** A frame of any text as head. */
function raw(head: string | Uint8Array, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = typeof head === 'string' ? utf8(head) : head;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return concatBytes(length, bytes, payload);
}

function refusal(bytes: Uint8Array, maxPayload = 1024): string {
  const decoded = decodeFrame(bytes, maxPayload);
  return decoded.ok ? 'ok' : `${decoded.error.code}: ${decoded.error.message}`;
}

describe('frames', () => {
  it('cover every kind', () => {
    expect(new Set(HEADS.map(({ kind }) => kind))).toEqual(new Set(Object.keys(FRAME_KINDS)));
  });

  it.each(HEADS)('$kind survives the wire', (head) => {
    const payload = payloadOf(head);
    const bytes = encodeFrame(head, payload);
    expect(decodeFrame(bytes, 1024)).toEqual({ ok: true, frame: { head, payload } });
  });

  it.each(HEADS)('$kind comes from the side that may send it', (head) => {
    const bytes = encodeFrame(head, payloadOf(head));
    const { from } = FRAME_KINDS[head.kind];
    const verdict = (decoded: Decoded<FrameHead>): string =>
      decoded.ok ? 'ok' : decoded.error.code;
    expect([
      verdict(decodeNodeFrame(bytes, 1024)),
      verdict(decodeCoordinatorFrame(bytes, 1024)),
    ]).toEqual([
      from === 'coordinator' ? 'PROTO_UNEXPECTED' : 'ok',
      from === 'node' ? 'PROTO_UNEXPECTED' : 'ok',
    ]);
  });

  it.each(HEADS)('$kind refuses unknown and missing keys', (head) => {
    const more = raw(JSON.stringify({ ...head, extra: 1 }));
    expect(refusal(more)).toContain('PROTO_MALFORMED');
    for (const key of Object.keys(head).filter((name) => !['inclusion', 'where'].includes(name))) {
      const { [key]: _, ...rest } = { ...head } as Record<string, unknown>;
      expect(refusal(raw(JSON.stringify(rest)))).toContain('PROTO_MALFORMED');
    }
  });

  it('refuse a payload where there is none, and one that is too large', () => {
    const drain: FrameHead = { kind: 'drain', reason: '' };
    expect(refusal(encodeFrame(drain, PAYLOAD))).toContain('drain carries no payload, got 3 bytes');
    const chunk: FrameHead = { kind: 'upload.chunk', ...inRound, offset: 0 };
    expect(refusal(encodeFrame(chunk, new Uint8Array(1024)))).toBe('ok');
    expect(refusal(encodeFrame(chunk, new Uint8Array(1025)))).toBe(
      'PROTO_TOO_LARGE: a payload has 1025 bytes, the limit is 1024',
    );
  });

  it.each([
    [
      'nothing',
      new Uint8Array(0),
      'PROTO_MALFORMED: a frame could not be read: it has only 0 bytes',
    ],
    ['half a length', new Uint8Array(3), 'it has only 3 bytes'],
    ['a length beyond its end', Uint8Array.of(5, 0, 0, 0, 123), 'it ends inside its head'],
    [
      'a head of 4 GiB',
      new Uint8Array(8).fill(255),
      'PROTO_TOO_LARGE: the head of a frame has 4294967295 bytes',
    ],
    ['a head one byte too long', raw(' '.repeat(LIMITS.maxHeadBytes + 1)), 'PROTO_TOO_LARGE'],
    ['bytes that are not UTF-8', raw(Uint8Array.of(0x22, 0xff, 0x22)), 'its head is not UTF-8'],
    ['a byte order mark', raw(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)), 'its head is not JSON'],
    ['text that is not JSON', raw('{"kind":'), 'its head is not JSON'],
    ['JSON that is no object', raw('[]'), 'PROTO_MALFORMED'],
    ['a kind that is no text', raw('{"kind":1}'), 'PROTO_MALFORMED'],
    ['an unknown kind', raw('{"kind":"gossip"}'), 'PROTO_UNKNOWN_KIND: unknown frame kind gossip'],
    ['a kind of Object', raw('{"kind":"toString"}'), 'PROTO_UNKNOWN_KIND'],
    ['too deep a head', raw('['.repeat(LIMITS.maxHeadBytes)), 'its head is not JSON'],
    [
      'upper-case hex',
      raw(JSON.stringify({ kind: 'challenge', serverNonce: 'AB'.repeat(32) })),
      'PROTO_MALFORMED',
    ],
    [
      'metrics that are not integers',
      raw(
        JSON.stringify({
          kind: 'evaluation',
          ...inRound,
          model: hash,
          numExamples: 1,
          metrics: { a: 0.5 },
        }),
      ),
      'PROTO_MALFORMED',
    ],
  ])('refuse %s', (_, bytes, reason) => {
    expect(refusal(bytes)).toContain(reason);
  });

  it('never throw, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...HEADS), (noise, head) => {
        expect(decodeFrame(noise, 100)).toHaveProperty('ok');
        const bytes = encodeFrame(head, payloadOf(head));
        const hit = bytes.with((noise[0] ?? 0) % bytes.length, noise[1] ?? 0);
        expect(decodeFrame(hit, 100)).toHaveProperty('ok');
      }),
    );
  });

  it('do not leave with a head that the other side refuses', () => {
    const head: FrameHead = { kind: 'drain', reason: 'x'.repeat(LIMITS.maxHeadBytes) };
    expect(() => encodeFrame(head)).toThrow('the head of drain has');
  });

  it('frames.json', async () => {
    const frames = HEADS.map((head) => ({
      head,
      payload: toHex(payloadOf(head)),
      frame: toHex(encodeFrame(head, payloadOf(head))),
    }));
    await expect(`${JSON.stringify({ frames }, null, 2)}\n`).toMatchFileSnapshot(
      '../../../../test-vectors/frames.json',
    );
  });
});

describe('cohort payload', () => {
  const members = [1, 2, 70_000].map((id) => ({
    node: asNodeId(id),
    keyEpoch: id,
    cap: BigInt(id),
  }));

  it('is member records one after another', () => {
    expect(encodeCohort(members)).toHaveLength(48);
    expect(decodeCohort(encodeCohort(members))).toEqual(members);
    expect(decodeCohort(new Uint8Array(0))).toEqual([]);
  });

  it('refuses a torn record and a crowd', () => {
    expect(() => decodeCohort(encodeCohort(members).subarray(1))).toThrow('no whole number');
    expect(() => decodeCohort(new Uint8Array(16 * (LIMITS.maxCohort + 1)))).toThrow(RangeError);
  });
});
