/** Why a cohort node is not among the contributions (protocol.md §4). */
export const ExclusionReason = {
  /** Nothing arrived before the window closed. */
  silent: 1,
  /** A signed decline arrived. */
  declined: 2,
  /** The receipt arrived after the window had closed. */
  late: 3,
  /** The update file breaks its format. */
  malformed: 4,
  /** The update file holds a value that the codec does not allow. */
  outOfRange: 5,
  badSignature: 6,
  /** Key or consent not valid at the task's block. */
  keyOrConsent: 7,
  /** A strike or a quota of the coordinator. */
  strike: 8,
  /** Accepted, but the round closed below its minimum and therefore empty (ADR 0006). */
  quorum: 9,
  /** Asynchronous rounds: nothing of the node counts in this round; what it is at work on may in a later one (ADR 0014). */
  pending: 10,
} as const;
export type ExclusionReason = (typeof ExclusionReason)[keyof typeof ExclusionReason];

/** Why a node refuses a task. The numbers are for records; the decline frame also carries an error code. */
export const DeclineReason = {
  /** The site's policy forbids the purpose, the model or so small a cohort. */
  policy: 1,
  /** No consent of the owner covers this round. */
  consent: 2,
  /** The dataset is missing or does not fit the spec. */
  data: 3,
  /** Local training failed or diverged. */
  engine: 4,
  /** The update is larger than its codec can carry. */
  outOfRange: 5,
  /** The task does not continue the headers that the node holds, or its chain facts do not hold. */
  history: 6,
  /** The node has no time, memory or disk for it now. */
  capacity: 7,
} as const;
export type DeclineReason = (typeof DeclineReason)[keyof typeof DeclineReason];

/** How a round was aggregated. */
export const RoundMode = { clear: 0, masked: 1, asynchronous: 2 } as const;
export type RoundMode = (typeof RoundMode)[keyof typeof RoundMode];

/** i64::MIN in `lossBefore` and `lossAfter`: not measured. */
export const LOSS_NOT_MEASURED: bigint = -(1n << 63n);
