import type { Hash, NodeId, RunId } from '@tallystick/kernel';
import type { AnchorReport } from './anchors.js';
import type { Fact } from './facts.js';
import type { Finding, StepId } from './findings.js';
import type { ChainFacts } from './state/chain-facts.js';

/** One line of the table. */
export interface StepResult {
  readonly step: StepId;
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'not reached';
  /** Things checked: blocks, headers, leaves, signatures, members, updates, weights, models. */
  readonly checked: number;
}

/** VERIFIED only when genesis and every counted node key came from an anchor. */
export type Verdict = 'VERIFIED' | 'CONSISTENT' | 'FAILED';

/** What the audit says. Everything but `run` and `damaged` is recomputed; null is what no step got to. */
export interface AuditReport {
  readonly verdict: Verdict;
  /** The verdict in one line, with what is not anchored or does not fit. */
  readonly summary: string;
  /** The run that the bundle is about. */
  readonly run: RunId;
  readonly genesis: Hash | null;
  readonly head: Hash | null;
  /** Committed rounds, and those of them that closed empty. */
  readonly rounds: number;
  readonly emptyRounds: number;
  /** Rounds that are not empty as the spec plans them; the run went on or ended early when it has fewer. */
  readonly plannedRounds: number | null;
  readonly model: Hash | null;
  readonly steps: readonly StepResult[];
  readonly finding: Finding | null;
  readonly anchors: AnchorReport | null;
  readonly chain: ChainFacts | null;
  /** How often each node was asked and not included: a coordinator that refuses to promise shows here. */
  readonly notIncluded: readonly { readonly node: NodeId; readonly rounds: number }[];
  /** What is allowed and yet worth a look. */
  readonly notes: readonly string[];
  /** Files whose bytes differ from the manifest: where the damage is, never the verdict. */
  readonly damaged: readonly string[];
  /** What every sentence of the report rests on. */
  readonly facts: readonly Fact[];
}

/** Exit code of `tally audit verify` (protocol.md §7): 0, or the number of the first failed step. */
export function exitCodeOf(report: AuditReport): number {
  return report.finding === null ? 0 : Number(report.finding.step.slice(1));
}

/** What nobody can prove from evidence, printed under every verdict. */
export const NOT_PROVED: readonly string[] = [
  'that the private data behind an update are real',
  'that numExamples is true',
  'that an update is not subtly poisoned',
];

/** What the one operator of an embedded chain could have done, and could not. */
export const EMBEDDED_LIMITS = {
  could: [
    'invent organisations, or nodes you brought no key for',
    'remove a whole run',
    'replace what follows the last header an outsider holds',
    'choose block times, delay transactions',
  ],
  couldNot: [
    'change a round that a later receipt of a key you brought covers',
    'make such a node say anything',
  ],
} as const;
