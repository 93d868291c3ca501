import type { SiteConsentList, Withdrawal } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { sendSlowly } from '../api/client.js';
import { useData } from '../api/use-data.js';
import { Confirm } from '../parts/confirm.js';
import { toast } from '../shell/toast.js';

interface Props {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** What withdrawing does, and what nothing can undo. */
export default function WithdrawDialog({ onDone, onClose }: Props): ReactNode {
  const { value } = useData<SiteConsentList>('consents');
  const held = value?.consents.filter(({ own }) => own !== null && own.revokedAtBlock === null);
  const withdraw = async (): Promise<void> => {
    const said = await sendSlowly<Withdrawal>('withdraw').then(wordsOf, (error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    toast(said);
    onDone();
  };
  return (
    <Confirm
      title="Withdraw this site?"
      act="Withdraw now"
      onAct={() => void withdraw()}
      onClose={onClose}
    >
      <ul className="reasons">
        <li>
          From this moment on, this node takes no task of any run and measures no model. What is at
          work stops.
        </li>
        <li>
          {held === undefined
            ? 'Every consent that was given here is revoked on the chain.'
            : held.length === 0
              ? 'No consent was given here, so nothing has to be revoked on the chain.'
              : `The consents of ${held.length} ${held.length === 1 ? 'run are' : 'runs are'} revoked on the chain: no round whose task names that block, or a later one, can count this site.`}
        </li>
        <li>
          It does not undo what was sent: updates that were counted stay in those models and in all
          that came of them, and records on the chain stay. An update that is signed and on its way
          at this moment may still count in its round.
        </li>
        <li>
          The data never left this machine, so there is nothing to call back. What was earned stays
          earned.
        </li>
        <li>“Take tasks again” undoes it; each consent then has to be given anew.</li>
      </ul>
    </Confirm>
  );
}

function wordsOf({ revoked, failed }: Withdrawal): string {
  const done = 'Withdrawn: no task is taken any more.';
  if (failed.length > 0) {
    return `${done} Not revoked on the chain: ${failed.map(({ run, message }) => `run ${run} (${message})`).join(', ')}. Revoke there by: tally node consent revoke <run>`;
  }
  return revoked.length === 0 ? done : `${done} Revoked on the chain: ${revoked.length}.`;
}
