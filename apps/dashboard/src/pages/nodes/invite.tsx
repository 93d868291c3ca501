import type { InviteView } from '@tallystick/protocol';
import { type FormEvent, type ReactNode, useCallback, useState } from 'react';
import { send } from '../../api/client.js';
import { Once } from '../../parts/once.js';
import { textIn } from '../../parts/text-in.js';
import { Trouble } from '../../parts/trouble.js';
import { useAct } from '../../parts/use-act.js';
import { instant } from '../../parts/words.js';

/** A token with which one node of an organisation joins, once. */
export function Invite(): ReactNode {
  const [made, setMade] = useState<InviteView>();
  const { fault, act } = useAct(useCallback(() => undefined, []));
  const invite = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const payout = textIn(form, 'payout').trim();
    const organisation = textIn(form, 'organisation').trim();
    const body = { organisation, ...(payout === '' ? {} : { payout }) };
    act(async () => setMade(await send<InviteView>('POST', 'invites', body)));
  };
  return (
    <>
      <h2>Invite a node</h2>
      {fault === undefined ? null : <Trouble error={fault} />}
      {made === undefined ? null : (
        <>
          <Once what={`The invite for ${made.organisation.name}`} secret={made.token} />
          <p className="note">
            The site joins with <code>tally node join --token …</code>, once, until{' '}
            {instant(made.expiresAtMs)} UTC.
          </p>
        </>
      )}
      <form className="sheet" aria-label="Invite" onSubmit={invite}>
        <label>
          Organisation <input name="organisation" maxLength={64} required />
        </label>
        <label>
          Payout account
          <input
            name="payout"
            pattern="[0-9a-f]{64}"
            placeholder="64 hex digits; yours without one"
            aria-describedby="payout-note"
          />
        </label>
        <button type="submit">Make an invite</button>
      </form>
      <p id="payout-note" className="note">
        A new organisation is registered on the chain, and the account that it is paid on never
        changes.
      </p>
    </>
  );
}
