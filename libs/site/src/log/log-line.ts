import {
  asHash,
  asNodeId,
  asOrganisationId,
  asPublicKey,
  asRunId,
  CATALOGUE,
  type ErrorCode,
} from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import { z } from 'zod';

/** A task line carries its cohort: 32 digits a member, so 8 MiB hold a quarter of a million. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

const digits = (count: number) => z.string().regex(new RegExp(`^[0-9a-f]{${count}}$`));
const hash = digits(64).transform(asHash);
const key = digits(64).transform(asPublicKey);
const u32 = z.number().int().min(0).max(0xffff_ffff);
const node = u32.transform(asNodeId);
const run = u32.transform(asRunId);
const wire = z.string().regex(/^([0-9a-f]{2})+$/);
const decimal = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,38})$/)
  .transform(BigInt);
const code = z.custom<ErrorCode>(
  (value) => typeof value === 'string' && Object.hasOwn(CATALOGUE, value),
  'unknown code',
);
const atRound = { run, round: u32 };

/**
 * The kinds of line in a receipt log (`receipts.log`, NDJSON). `wire` is hex of SCALE ‖ signature of the record of
 * that name (protocol.md §4); u64 are decimal strings.
 */
export const LogLine = z.discriminatedUnion('type', [
  /** Who writes here. Valid for the lines that follow, up to the next identity. */
  z.strictObject({
    type: z.literal('identity'),
    chain: hash,
    node,
    keyEpoch: u32,
    key,
    coordinatorKey: key,
    organisation: u32.transform(asOrganisationId),
    /** Who signs the rounds of runs that began with another coordinator key. */
    runKeys: z
      .array(z.strictObject({ run, fromRound: u32, key }))
      .max(4_096)
      .readonly()
      .optional(),
  }),
  /** A task that continues the headers held here, with the members behind its cohortRoot. */
  z.strictObject({ type: z.literal('task'), ...atRound, wire, cohort: z.array(digits(32)) }),
  z.strictObject({ type: z.literal('receipt'), ...atRound, wire, update: hash, updateBytes: u32 }),
  z.strictObject({
    type: z.literal('decline'),
    ...atRound,
    wire,
    code,
    message: z.string().max(500),
  }),
  z.strictObject({ type: z.literal('promise'), ...atRound, wire }),
  z.strictObject({ type: z.literal('header'), ...atRound, wire }),
  /**
   * All numbers of the run that the chain has voided so far. `head`: the header that the history goes back to, when its
   * newest one is among them and it does not go back to the beginning.
   */
  z.strictObject({
    type: z.literal('voids'),
    run,
    spans: z
      .array(z.strictObject({ from: u32, until: u32 }))
      .min(1)
      .max(LIMITS.maxVoidSpans),
    head: wire.optional(),
  }),
  /** This site's leaf of contribRoot was shown and verified. */
  z.strictObject({
    type: z.literal('inclusion'),
    ...atRound,
    index: u32,
    weight: decimal,
    proof: z.array(z.strictObject({ hash, sum: decimal })).max(32),
  }),
  /** Something was wrong; `wires` are the signed records that show it. Kept for ever. */
  z.strictObject({
    type: z.literal('evidence'),
    ...atRound,
    code,
    detail: z.string().max(1024),
    wires: z.array(wire).max(4),
  }),
]);
export type LogLine = z.output<typeof LogLine>;
export type LineOf<T extends LogLine['type']> = Extract<LogLine, { type: T }>;

/** A line of text without its line feed → a line, or why it is none. */
export function parseLine(
  text: string,
): { readonly ok: true; readonly line: LogLine } | { readonly ok: false; readonly reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
  const parsed = LogLine.safeParse(value);
  if (parsed.success) return { ok: true, line: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? '' : issue.path.join('.');
  return { ok: false, reason: `${where === '' ? 'line' : where}: ${issue?.message ?? 'invalid'}` };
}

/** The text of a line with its line feed; bigint as decimal. */
export function formatLine(line: LogLine): string {
  const text = JSON.stringify(line, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return `${text}\n`;
}
