import type { RunView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Verdict } from '../../api/verdicts.js';
import { ago } from '../../parts/words.js';

interface Props {
  readonly view: RunView;
  readonly verdict: Verdict | undefined;
  readonly now: number;
}

/** What this browser found when it recomputed the run last; nobody else’s word. */
export function VerdictCell({ view, verdict, now }: Props): ReactNode {
  const { run, name, committedRounds } = view;
  const href = `/runs/${run}/audit`;
  if (verdict === undefined) {
    return (
      <Link href={href} aria-label={`Audit ${name}, run ${run}`}>
        audit
      </Link>
    );
  }
  const { rounds, finding, atMs } = verdict;
  const isGood = finding === null;
  return (
    <Link
      href={href}
      data-tone={isGood ? 'good' : 'bad'}
      title={`by this browser, ${ago(atMs, now)}${isGood ? '' : `: ${finding}`}`}
    >
      {isGood ? `✓ ${rounds} of ${committedRounds}` : '✗ does not fit'}
    </Link>
  );
}
