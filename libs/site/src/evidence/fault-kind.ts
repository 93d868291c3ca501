/**
 * What a site can catch its coordinator at. Only some of it can be proved to the chain (`filingOf`); the rest is for an
 * auditor and for people.
 */
export const FAULT_KINDS = [
  /** A promised receipt is not among the contributions. */
  'omitted',
  /** The round counts a receipt of this node that it did not sign for this round, or not the promised one. */
  'substituted',
  /** Counted, with another weight than the rule gives (protocol.md §1.4). */
  'weight',
  /** Two signed headers, or two signed tasks, of one round. */
  'equivocation',
  /** A signed header that is not the one on the chain. */
  'anchor',
  /** The receipt was sent in full and neither promised nor refused. */
  'withheld',
  /** Excluded for a reason that this site's log contradicts. */
  'excluded',
  /** A task or header that does not continue what was signed before, or is not of one piece. */
  'history',
  /** A task whose numbers do not follow from spec and cohort. */
  'task',
  /** A proof of inclusion was shown that proves nothing. */
  'inclusion',
  /** A promise fell due, and nothing of its round was shown. */
  'overdue',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
