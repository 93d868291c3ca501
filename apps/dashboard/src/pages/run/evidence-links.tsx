import type { RunView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { IdChip } from '../../parts/id-chip.js';
import { MISSING } from '../../parts/words.js';

/** Where the facts are that anyone can recompute, and what they do not prove. */
export function EvidenceLinks({ view }: { readonly view: RunView }): ReactNode {
  const last = view.lastRound;
  return (
    <>
      <dl className="facts">
        <dt>On chain</dt>
        <dd>
          {view.committedRounds} of {view.closedRounds} closed rounds are in a finalised block.
          {view.voidRounds === 0
            ? null
            : ` The chain voided ${view.voidRounds} more: they count nowhere, and the run went back to the last round before them.`}
        </dd>
        <dt>First model</dt>
        <dd>
          <IdChip id={view.genesisModel} what="first model" />
        </dd>
        <dt>Newest model</dt>
        <dd>
          <IdChip id={view.model} what="newest model" />
        </dd>
        <dt>Best model</dt>
        <dd>{view.best === null ? MISSING : <IdChip id={view.best.model} what="best model" />}</dd>
        <dt>Last round</dt>
        <dd>
          {last === null ? (
            MISSING
          ) : (
            <Link href={`/runs/${view.run}/rounds/${last}`}>
              round {last}: header, tree, who is not in it
            </Link>
          )}
        </dd>
        <dt>Check it yourself</dt>
        <dd>
          <Link href={`/runs/${view.run}/audit`}>recomputed in this browser</Link>, or by{' '}
          <code>tally audit verify {view.run}</code>
        </dd>
      </dl>
      <p className="note">
        This page is served by the coordinator, so it cannot clear the coordinator: the command
        above recomputes every round on your own machine. Neither proves that a site trained on the
        data it says it has.
      </p>
    </>
  );
}
