import {
  asHash,
  asNodeId,
  asPublicKey,
  asRunId,
  CATALOGUE,
  type ErrorCode,
  TallyError,
} from '@tallystick/kernel';
import {
  canonicalJson,
  CONTRIB,
  EXCLUDE,
  HEADER,
  MEMBER,
  PROMISE,
  RECEIPT,
  TASK,
} from '@tallystick/record';
import { z } from 'zod';
import { FAULT_KINDS } from './fault-kind.js';

/** Two headers, two tasks, a receipt, a promise and three proofs of 32 steps are 20 KiB. */
export const MAX_EVIDENCE_BYTES = 64 * 1024;
const MAX_PROOF_STEPS = 32;
const SIGNATURE_BYTES = 64;

const digits = (count: number) => z.string().regex(new RegExp(`^[0-9a-f]{${count}}$`));
const hash = digits(64).transform(asHash);
const u32 = z.number().int().min(0).max(0xffff_ffff);
const signed = ({ size }: { readonly size: number }) =>
  digits(2 * (size + SIGNATURE_BYTES)).optional();
const code = z.custom<ErrorCode>(
  (value) => typeof value === 'string' && Object.hasOwn(CATALOGUE, value),
  'unknown code',
);

/** Signed records, hex of SCALE ‖ signature (protocol.md §4). */
const EvidenceRecords = z.strictObject({
  receipt: signed(RECEIPT),
  promise: signed(PROMISE),
  task: signed(TASK),
  otherTask: signed(TASK),
  header: signed(HEADER),
  otherHeader: signed(HEADER),
});
export type EvidenceRecords = z.infer<typeof EvidenceRecords>;

/** A leaf of `header.contribRoot` with its path. */
const ShownLeaf = z.strictObject({
  /** Contrib, hex of SCALE. */
  leaf: digits(2 * CONTRIB.size),
  index: u32,
  proof: z
    .array(z.strictObject({ hash, sum: z.string().regex(/^\d{1,39}$/) }))
    .max(MAX_PROOF_STEPS),
});
export type ShownLeaf = z.infer<typeof ShownLeaf>;

/** A leaf of `header.excludedRoot` with its path. */
const ShownExclusion = z.strictObject({
  /** Exclude, hex of SCALE. */
  leaf: digits(2 * EXCLUDE.size),
  index: u32,
  proof: z.array(hash).max(MAX_PROOF_STEPS),
});
export type ShownExclusion = z.infer<typeof ShownExclusion>;

/**
 * One fault of a coordinator with every byte that shows it: canonical JSON in `<site>/evidence/`. Whoever reads it has
 * to check it like anything else; nothing in it is secret.
 */
export const EvidenceFile = z.strictObject({
  format: z.literal('tally/evidence/v1'),
  kind: z.enum(FAULT_KINDS),
  code,
  detail: z.string().max(1024),
  chain: hash,
  run: u32.transform(asRunId),
  round: u32,
  /** Whose site this is, and its key. */
  node: u32.transform(asNodeId),
  key: digits(64).transform(asPublicKey),
  /** Who is accused. */
  coordinatorKey: digits(64).transform(asPublicKey),
  records: EvidenceRecords,
  /** This node's member of the cohort, hex of SCALE: its cap. */
  member: digits(2 * MEMBER.size).optional(),
  /** This node's leaf, or the neighbours of the place where it would stand. */
  leaves: z.array(ShownLeaf).max(2),
  exclusion: ShownExclusion.optional(),
  /** Hash of the header that the chain holds, where that is the fault. */
  anchored: hash.optional(),
  /** What this site could not check, in words. */
  unchecked: z.array(z.string().max(200)).max(8),
});
export type EvidenceFile = z.output<typeof EvidenceFile>;

/** The bytes of an evidence file: equal faults give equal files. */
export function formatEvidence(file: EvidenceFile): string {
  return `${canonicalJson(JSON.parse(JSON.stringify(file)))}\n`;
}

/** Reads `formatEvidence`'s text. Throws DATA_EVIDENCE_INVALID, naming `path` and the first fault. */
export function parseEvidence(text: string, path: string): EvidenceFile {
  const refuse = (reason: string): TallyError =>
    new TallyError('DATA_EVIDENCE_INVALID', { file: path, reason });
  if (text.length > MAX_EVIDENCE_BYTES)
    throw refuse(`it is longer than ${MAX_EVIDENCE_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  const parsed = EvidenceFile.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
  }
  if (formatEvidence(parsed.data) !== text) throw refuse('it is not canonical JSON');
  return parsed.data;
}
