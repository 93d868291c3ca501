import {
  asAccountId,
  asHash,
  asNodeId,
  asPublicKey,
  asRunId,
  type Hash,
  toHex,
} from '@tallystick/kernel';
import { LOSS_NOT_MEASURED } from '../index.js';
import type {
  Contrib,
  Decline,
  Entitle,
  Epoch,
  Exclude,
  Genesis,
  Header,
  Hello,
  Member,
  Pop,
  Promise,
  Receipt,
  Task,
} from '../index.js';

/** Hex of `length` bytes counting up from `first`, so that no two fields of a record look alike. */
export function counting(first: number, length: number = 32): string {
  return toHex(Uint8Array.from({ length }, (_, i) => (first + i) & 255));
}

const hash = (first: number): Hash => asHash(counting(first));
const chain = hash(0);
const node = asNodeId(0x01020304);
const run = asRunId(0x11121314);
const inRound = { chain, run, round: 0x21222324 };
const MAX_U64 = 2n ** 64n - 1n;

export const hello: Hello = {
  chain,
  node,
  keyEpoch: 7,
  coordinatorKey: asPublicKey(counting(32)),
  serverNonce: counting(64),
  clientNonce: counting(96),
};

export const pop: Pop = {
  chain,
  owner: asAccountId(counting(32)),
  key: asPublicKey(counting(64)),
};

export const genesis: Genesis = { chain, run, spec: hash(32), model: hash(64) };

export const task: Task = {
  ...inRound,
  prev: hash(32),
  spec: hash(64),
  model: hash(96),
  state: hash(128),
  atBlock: 0x31323334,
  atHash: hash(160),
  cohortRoot: hash(192),
  cohort: 6,
  unit: 8n,
  deadlineMs: 1_800_000_060_000n,
};

export const receipt: Receipt = {
  ...inRound,
  prev: hash(32),
  task: hash(64),
  node,
  keyEpoch: 0x31323334,
  update: hash(96),
  updateBytes: 0x4142434445464748n,
  numExamples: 0x5152535455565758n,
  lossBefore: 693_147_180n,
  lossAfter: -1n,
  policy: hash(128),
  salt: counting(160, 16),
};

/** Integers at the ends of their ranges. */
export const extremeReceipt: Receipt = {
  ...receipt,
  updateBytes: MAX_U64,
  numExamples: 0n,
  lossBefore: LOSS_NOT_MEASURED,
  lossAfter: 2n ** 63n - 1n,
};

export const decline: Decline = { ...inRound, task: hash(32), node, reason: 1 };

export const promise: Promise = {
  ...inRound,
  node,
  receipt: hash(32),
  dueMs: 1_800_000_120_000n,
};

export const member: Member = { node, keyEpoch: 7, cap: 1_000_000n };

export const extremeMember: Member = {
  node: asNodeId(0xffff_ffff),
  keyEpoch: 0xffff_ffff,
  cap: MAX_U64,
};

export const contrib: Contrib = {
  node,
  keyEpoch: 7,
  receipt: hash(0),
  update: hash(32),
  numExamples: 199n,
  weight: 24n,
};

export const exclude: Exclude = { node, receipt: hash(0), reason: 8 };

export const header: Header = {
  chain,
  mode: 0,
  run,
  round: inRound.round,
  prev: hash(32),
  task: hash(64),
  atBlock: 0x31323334,
  modelBefore: hash(96),
  modelAfter: hash(128),
  stateAfter: hash(160),
  contribRoot: hash(192),
  included: 4,
  sumWeight: 740n,
  excludedRoot: hash(224),
  excluded: 2,
  cohort: 6,
  metrics: hash(16),
  deadlineMs: 1_800_000_060_000n,
  closedAtMs: 1_800_000_001_234n,
};

export const extremeHeader: Header = {
  ...header,
  mode: 255,
  sumWeight: MAX_U64,
  deadlineMs: 0n,
  closedAtMs: 0n,
};

export const epoch: Epoch = {
  chain,
  run,
  epoch: 3,
  prev: hash(32),
  firstRound: 10,
  lastRound: 14,
  lastHeader: hash(64),
  entitleRoot: hash(96),
  accounts: 4,
  total: 2n ** 128n - 1n,
};

export const entitle: Entitle = {
  account: asAccountId(counting(0)),
  cumulative: 0x0102030405060708090a0b0c0d0e0f10n,
};
