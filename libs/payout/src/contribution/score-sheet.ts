import { asHash, asNodeId, type Hash } from '@tallystick/kernel';
import { canonicalJson } from '@tallystick/record';
import type { AuditTally, ContributionScore, EpochScores } from './contribution-scores.js';

/** What is published of one round: the ids of its gradient files, and an audit's losses. */
export interface SheetRound {
  readonly round: number;
  /** Id of G⊥'s file. */
  readonly novel: Hash;
  readonly audit?: {
    /** Id of G's file. */
    readonly path: Hash;
    /** Nano-units, in the order `sampledShapley` asks for them. */
    readonly losses: readonly number[];
  };
}

/** An epoch under `contribution`: everything beside the updates that its shares follow from, and the shares. */
export interface ScoreSheet extends EpochScores {
  readonly epoch: number;
  /** Drives the audits: fixed after the epoch's last round was committed. */
  readonly seed: Hash;
  /** Its non-empty rounds, in order. */
  readonly rounds: readonly SheetRound[];
}

/** Longest sheet that is read. An epoch of five rounds and a hundred nodes takes 60 kB. */
export const MAX_SHEET_CHARS: number = 2 ** 24;

/** Canonical JSON (RFC 8785) of a sheet; amounts as decimal text. */
export function encodeSheet({ epoch, seed, rounds, scores, tallies }: ScoreSheet): string {
  return canonicalJson({
    epoch,
    seed,
    rounds,
    scores: scores.map(({ sum, multiplierPpm, score, ...rest }) => ({
      ...{ ...rest, sum: String(sum) },
      ...{ multiplierPpm: String(multiplierPpm), score: String(score) },
    })),
    tallies: tallies.map(({ node, path, shapley }) => ({
      ...{ node, path: String(path), shapley: String(shapley) },
    })),
  });
}

/** Reads a sheet; undefined for anything that `encodeSheet` would not have written. */
export function decodeSheet(text: string): ScoreSheet | undefined {
  if (text.length > MAX_SHEET_CHARS) return undefined;
  try {
    const sheet = readSheet(JSON.parse(text));
    return encodeSheet(sheet) === text ? sheet : undefined;
  } catch {
    return undefined;
  }
}

/** Throws for a field of another kind; what is superfluous shows when the sheet is written again. */
function readSheet(json: unknown): ScoreSheet {
  const { epoch, seed, rounds, scores, tallies } = fields(json);
  return {
    ...{ epoch: whole(epoch), seed: hash(seed) },
    rounds: list(rounds).map(readRound),
    scores: list(scores).map(readScore),
    tallies: list(tallies).map(readTally),
  };
}

function readRound(json: unknown): SheetRound {
  const { round, novel, audit } = fields(json);
  const head = { round: whole(round), novel: hash(novel) };
  if (audit === undefined) return head;
  const { path, losses } = fields(audit);
  return { ...head, audit: { path: hash(path), losses: list(losses).map(whole) } };
}

function readScore(json: unknown): ContributionScore {
  const { node, sum, duplicateOf, multiplierPpm, score } = fields(json);
  return {
    ...{ node: asNodeId(whole(node)), sum: amount(sum) },
    ...(duplicateOf === undefined ? {} : { duplicateOf: asNodeId(whole(duplicateOf)) }),
    ...{ multiplierPpm: amount(multiplierPpm), score: amount(score) },
  };
}

function readTally(json: unknown): AuditTally {
  const { node, path, shapley } = fields(json);
  return { node: asNodeId(whole(node)), path: amount(path), shapley: amount(shapley) };
}

function fields(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null) throw new RangeError('not an object');
  return { ...json };
}

function list(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new RangeError('not a list');
  return json;
}

function whole(json: unknown): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw new RangeError('not whole');
  return json;
}

function hash(json: unknown): Hash {
  return asHash(text(json));
}

function amount(json: unknown): bigint {
  return BigInt(text(json));
}

function text(json: unknown): string {
  if (typeof json !== 'string') throw new RangeError('not text');
  return json;
}
