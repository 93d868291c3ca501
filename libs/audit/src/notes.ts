import { ExclusionReason } from '@tallystick/record';
import type { RoundEvidence } from './bundle/round-evidence.js';
import type { VoidSpan } from '@tallystick/rounds';
import type { History } from './history.js';
import type { ChainFacts } from './state/chain-facts.js';
import { readRound } from './state/stored-run.js';

/** What the rules allow, but somebody should look at. */
export function notesOn(history: History, facts: ChainFacts): readonly string[] {
  return [
    ...endNotes(history),
    ...history.voids.map((span) => voidNote(history, span)),
    ...history.rounds.flatMap((evidence) => emptyNotes(history, evidence)),
    ...history.rounds.flatMap((evidence) => lateNotes(history, evidence)),
    ...beaconNotes(history, facts),
    ...(facts.sudo ? ['the chain has or had a Sudo key: its holder could write any state'] : []),
  ];
}

/** A block hash is somebody's choice among those they could have made. */
function beaconNotes({ spec }: History, { embedded }: ChainFacts): string[] {
  const { beacon, fractionPpm } = spec.cohort;
  if (beacon === 'spec' || fractionPpm === 1_000_000) return [];
  const by = embedded
    ? 'chosen by the operator of the embedded chain'
    : 'biasable by block authors';
  return [`cohorts are drawn from block hashes: ${by}`];
}

function endNotes({ rounds, spec }: History): string[] {
  const counted = rounds.filter(({ leaves }) => leaves.length > 0).length;
  if (counted >= spec.rounds) return [];
  return [
    `the run has ${counted} of ${spec.rounds} rounds: it goes on, was stopped, or was cut off`,
  ];
}

/** Rounds that a fault was proved in, or that nobody signs for after another coordinator was named. */
function voidNote({ chain, runId }: History, { from, until }: VoidSpan): string {
  const read = chain.stateAt(chain.head.number);
  let committed = 0;
  while (readRound(read, runId, from + committed) !== undefined) committed++;
  const counts = ['none of them was committed', '1 committed round is among them'];
  const which = counts[committed] ?? `${committed} committed rounds are among them`;
  return `rounds ${from} to ${until - 1} are void by the chain, and count nowhere: ${which}`;
}

/** Closing a round empty is how a coordinator would draw it again. */
function emptyNotes({ spec }: History, { round, leaves, excluded }: RoundEvidence): string[] {
  if (leaves.length > 0) return [];
  const accepted = excluded.filter(({ reason }) => reason === ExclusionReason.quorum).length;
  const isOdd = accepted >= spec.window.count.min;
  const why = isOdd ? ', enough to count: its model was not finite, or it was drawn again' : '';
  return [`round ${round} closed empty with ${accepted} accepted receipts${why}`];
}

function lateNotes({ chain, runId }: History, { round, promises }: RoundEvidence): string[] {
  const stored = readRound(chain.stateAt(chain.head.number), runId, round);
  const committedAtMs = stored?.committedAtMs ?? 0n;
  const late = promises.filter(({ value }) => value.dueMs < committedAtMs).length;
  return late === 0 ? [] : [`round ${round} was committed after ${late} of its promises were due`];
}
