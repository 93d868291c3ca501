export type { BlobBytes, BlobStore } from './blob-store.js';
export type { Folder, FolderFactory, FoldResult, FoldSpec, Inspection, Weighted } from './fold.js';
export type { AnchoredRun, BlockRef, EligibleNode, LedgerView } from './ledger-view.js';
export type { NodeLink, Offer, RoundResult, SignedHeader, SignedTask } from './node-link.js';
export type { RoundTrace, Step, StepName } from './round-trace.js';
export type {
  CloseRound,
  CohortNode,
  ContributionRow,
  DeclineRow,
  DeclineText,
  ExclusionRow,
  OpenRound,
  PastRound,
  ResumableRound,
  RoundJournal,
  RunState,
} from './round-journal.js';
