import { DECLINE, HEADER, HELLO, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import { z } from 'zod';
import { LIMITS } from '../limits.js';
import {
  bytes32,
  decimal,
  hash,
  metrics,
  nodeId,
  roundNumber,
  runId,
  signature,
  signed,
} from '../wire-types.js';

const text = z.string().max(LIMITS.maxMessageChars);
const errorCode = z
  .string()
  .regex(/^[A-Z]+(_[A-Z]+)*$/)
  .max(64);
const inRound = { run: runId, round: roundNumber };
const offset = z.int().min(0).max(LIMITS.maxUpdateBytes);

/** First frame of a session. */
export const ChallengeHead = z.strictObject({
  kind: z.literal('challenge'),
  /** Single use. */
  serverNonce: bytes32,
});

export const HelloHead = z.strictObject({
  kind: z.literal('hello'),
  /** Hello, signed by the node key. */
  record: signed(HELLO),
  /** Name and version, for the operator's eyes. */
  software: z.string().max(100),
});

export const WelcomeHead = z.strictObject({
  kind: z.literal('welcome'),
  /** The coordinator key over the 32 bytes of H(hello). */
  signature,
  /** Bearer token for downloads. */
  sessionToken: z.string().min(1).max(512),
  node: nodeId,
  heartbeatMs: z.int().min(1),
});

/** Payload: the cohort, Member records one after another, ascending by node. */
export const OfferHead = z.strictObject({
  kind: z.literal('offer'),
  task: signed(TASK),
  /** The newest signed headers before this round, ascending. */
  headers: z.array(signed(HEADER)).max(LIMITS.maxOfferHeaders),
});

export const DeclineHead = z.strictObject({
  kind: z.literal('decline'),
  record: signed(DECLINE),
  code: errorCode,
  message: text,
});

export const ProgressHead = z.strictObject({
  kind: z.literal('progress'),
  ...inRound,
  stage: z.enum(['download', 'train', 'encode', 'upload']),
  fraction: z.number().min(0).max(1),
});

export const UploadBeginHead = z.strictObject({
  kind: z.literal('upload.begin'),
  ...inRound,
  /** SHA-256 of the file. */
  update: hash,
  bytes: z.int().min(1).max(LIMITS.maxUpdateBytes),
});

/** The node may send from `offset` on; equal to the file's size when nothing is missing. */
export const UploadCreditHead = z.strictObject({
  kind: z.literal('upload.credit'),
  ...inRound,
  offset,
});

/** Payload: the bytes from `offset`, at most one chunk. */
export const UploadChunkHead = z.strictObject({
  kind: z.literal('upload.chunk'),
  ...inRound,
  offset,
});

export const SubmitHead = z.strictObject({
  kind: z.literal('submit'),
  ...inRound,
  receipt: signed(RECEIPT),
});

/** `accepted` brings a promise, the others a code: `ignored` is honest lateness, `rejected` a violation. */
export const VerdictHead = z.discriminatedUnion('outcome', [
  z.strictObject({
    kind: z.literal('verdict'),
    ...inRound,
    outcome: z.literal('accepted'),
    promise: signed(PROMISE),
  }),
  z.strictObject({
    kind: z.literal('verdict'),
    ...inRound,
    outcome: z.enum(['ignored', 'rejected']),
    code: errorCode,
    message: text,
  }),
]);

/** A step of an inclusion proof. */
export const SumStep = z.strictObject({ hash, sum: decimal });

export const ResultHead = z.strictObject({
  kind: z.literal('result'),
  ...inRound,
  header: signed(HEADER),
  /** This node's place in contribRoot; absent when it is not included. */
  inclusion: z
    .strictObject({
      index: z.int().min(0).max(LIMITS.maxCohort),
      weight: decimal,
      proof: z.array(SumStep).max(LIMITS.maxProofSteps),
    })
    .optional(),
  /** The task of this round, when it counts a receipt for an earlier one: the unit of its weight is in it. */
  task: signed(TASK).optional(),
  /** Id of the model after this round. */
  model: hash,
});

/** The committed model of a round, measured on the node's own test rows; for display, not signed. */
export const EvaluationHead = z.strictObject({
  kind: z.literal('evaluation'),
  ...inRound,
  model: hash,
  numExamples: z.int().min(0),
  metrics: metrics(LIMITS.maxMetrics),
});

/** The coordinator is going away; reconnect with back-off. */
export const DrainHead = z.strictObject({ kind: z.literal('drain'), reason: text });

export const ErrorHead = z.strictObject({
  kind: z.literal('error'),
  code: errorCode,
  message: text,
  hint: text,
  where: text.optional(),
});

/** What a node sends. */
export const NodeHead = z.discriminatedUnion('kind', [
  HelloHead,
  DeclineHead,
  ProgressHead,
  UploadBeginHead,
  UploadChunkHead,
  SubmitHead,
  EvaluationHead,
  ErrorHead,
]);
export type NodeHead = z.infer<typeof NodeHead>;

/** What a coordinator sends. */
export const CoordinatorHead = z.discriminatedUnion('kind', [
  ChallengeHead,
  WelcomeHead,
  OfferHead,
  UploadCreditHead,
  VerdictHead,
  ResultHead,
  DrainHead,
  ErrorHead,
]);
export type CoordinatorHead = z.infer<typeof CoordinatorHead>;

/** Any head. */
export const FrameHead = z.union([NodeHead, CoordinatorHead]);
export type FrameHead = z.infer<typeof FrameHead>;
export type FrameKind = FrameHead['kind'];

/** Kind → who sends it and whether it carries a payload: the table of docs/protocol.md. */
export const FRAME_KINDS: Readonly<
  Record<FrameKind, { readonly from: 'node' | 'coordinator' | 'both'; readonly payload: boolean }>
> = {
  challenge: { from: 'coordinator', payload: false },
  hello: { from: 'node', payload: false },
  welcome: { from: 'coordinator', payload: false },
  offer: { from: 'coordinator', payload: true },
  decline: { from: 'node', payload: false },
  progress: { from: 'node', payload: false },
  'upload.begin': { from: 'node', payload: false },
  'upload.credit': { from: 'coordinator', payload: false },
  'upload.chunk': { from: 'node', payload: true },
  submit: { from: 'node', payload: false },
  verdict: { from: 'coordinator', payload: false },
  result: { from: 'coordinator', payload: false },
  evaluation: { from: 'node', payload: false },
  drain: { from: 'coordinator', payload: false },
  error: { from: 'both', payload: false },
};
