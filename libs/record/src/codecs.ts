import {
  accountId,
  bytes16,
  bytes32,
  hash,
  i64,
  nodeId,
  publicKey,
  runId,
  u128,
  u32,
  u64,
  u8,
} from './field.js';
import { defineRecord, type RecordCodec } from './record-codec.js';
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
  Scores,
  Task,
} from './records.js';

export const HELLO: RecordCodec<Hello> = defineRecord('tally/hello/v1', {
  chain: hash,
  node: nodeId,
  keyEpoch: u32,
  coordinatorKey: publicKey,
  serverNonce: bytes32,
  clientNonce: bytes32,
});

export const POP: RecordCodec<Pop> = defineRecord('tally/pop/v1', {
  chain: hash,
  owner: accountId,
  key: publicKey,
});

export const GENESIS: RecordCodec<Genesis> = defineRecord('tally/genesis/v1', {
  chain: hash,
  run: runId,
  spec: hash,
  model: hash,
});

export const TASK: RecordCodec<Task> = defineRecord('tally/task/v1', {
  chain: hash,
  run: runId,
  round: u32,
  prev: hash,
  spec: hash,
  model: hash,
  state: hash,
  atBlock: u32,
  atHash: hash,
  cohortRoot: hash,
  cohort: u32,
  unit: u64,
  deadlineMs: u64,
});

export const RECEIPT: RecordCodec<Receipt> = defineRecord('tally/receipt/v1', {
  chain: hash,
  run: runId,
  round: u32,
  prev: hash,
  task: hash,
  node: nodeId,
  keyEpoch: u32,
  update: hash,
  updateBytes: u64,
  numExamples: u64,
  lossBefore: i64,
  lossAfter: i64,
  policy: hash,
  salt: bytes16,
});

export const DECLINE: RecordCodec<Decline> = defineRecord('tally/decline/v1', {
  chain: hash,
  run: runId,
  round: u32,
  task: hash,
  node: nodeId,
  reason: u8,
});

export const PROMISE: RecordCodec<Promise> = defineRecord('tally/promise/v1', {
  chain: hash,
  run: runId,
  round: u32,
  node: nodeId,
  receipt: hash,
  dueMs: u64,
});

export const MEMBER: RecordCodec<Member> = defineRecord('tally/member/v1', {
  node: nodeId,
  keyEpoch: u32,
  cap: u64,
});

export const CONTRIB: RecordCodec<Contrib> = defineRecord('tally/contrib/v1', {
  node: nodeId,
  keyEpoch: u32,
  receipt: hash,
  update: hash,
  numExamples: u64,
  weight: u64,
});

export const EXCLUDE: RecordCodec<Exclude> = defineRecord('tally/exclude/v1', {
  node: nodeId,
  receipt: hash,
  reason: u8,
});

export const HEADER: RecordCodec<Header> = defineRecord('tally/header/v1', {
  chain: hash,
  mode: u8,
  run: runId,
  round: u32,
  prev: hash,
  task: hash,
  atBlock: u32,
  modelBefore: hash,
  modelAfter: hash,
  stateAfter: hash,
  contribRoot: hash,
  included: u32,
  sumWeight: u64,
  excludedRoot: hash,
  excluded: u32,
  cohort: u32,
  metrics: hash,
  deadlineMs: u64,
  closedAtMs: u64,
});

export const EPOCH: RecordCodec<Epoch> = defineRecord('tally/epoch/v1', {
  chain: hash,
  run: runId,
  epoch: u32,
  prev: hash,
  firstRound: u32,
  lastRound: u32,
  lastHeader: hash,
  entitleRoot: hash,
  accounts: u32,
  total: u128,
});

export const ENTITLE: RecordCodec<Entitle> = defineRecord('tally/entitle/v1', {
  account: accountId,
  cumulative: u128,
});

/** It is never on the chain, which does not judge scores: the Rust records have no such type. */
export const SCORES: RecordCodec<Scores> = defineRecord('tally/scores/v1', {
  chain: hash,
  run: runId,
  epoch: u32,
  sheet: hash,
});
