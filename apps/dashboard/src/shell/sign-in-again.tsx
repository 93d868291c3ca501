import { type ReactNode, useEffect, useRef } from 'react';
import { signedIn, useCoordinator } from '../api/coordinator.js';
import { type Me, useMe, whoAmI } from '../api/session.js';
import { SignInForms } from './sign-in-forms.js';

/** Asks again who this is when the coordinator no longer knows. The page beneath stays as it is, with what was typed. */
export function SignInAgain(): ReactNode {
  const { isEnded } = useCoordinator();
  return isEnded ? <Again /> : null;
}

function Again(): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const before = useMe();
  useEffect(() => dialog.current?.showModal(), []);
  /** Somebody else begins anew. */
  const enter = (me: Me | null): void => {
    if (me?.name !== before.name || me.role !== before.role) return location.assign('/');
    signedIn();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="again-title"
      className="sign-in"
      onCancel={(event) => event.preventDefault()}
    >
      <h2 id="again-title">Your session has ended</h2>
      <p>Sign in again to go on. What you have typed on this page is still there.</p>
      <SignInForms
        hasProvider={false}
        onEnter={enter}
        onSession={() => void whoAmI().then(({ me }) => enter(me))}
      />
      <button type="button" className="quiet" onClick={() => location.assign('/')}>
        Leave this page
      </button>
    </dialog>
  );
}
