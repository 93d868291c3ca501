import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { ApiError } from '../api/api-error.js';
import { type Me, type SignIn, whoAmI } from '../api/session.js';
import { Trouble } from '../parts/trouble.js';
import { SignInForms } from './sign-in-forms.js';

/** Asked for once in the life of a federation. */
const FirstAdmin = lazy(() => import('./first-admin.js'));
/** Pause before a coordinator that did not answer is asked again. */
const AGAIN_MS = 3_000;

interface Props {
  readonly children: (me: Me) => ReactNode;
}

/** Lets nobody further who has not said who they are. */
export function SignInGate({ children }: Props): ReactNode {
  const [known, setKnown] = useState<SignIn | undefined>();
  const [error, setError] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  const ask = (): void => setTurn((before) => before + 1);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    whoAmI().then(
      (said) => {
        setError(undefined);
        setKnown(said);
      },
      (reason: unknown) => {
        setError(reason);
        setKnown({ me: null, oidc: false, firstAdmin: false });
        if (isPassing(reason)) timer = setTimeout(ask, AGAIN_MS);
      },
    );
    return () => clearTimeout(timer);
  }, [turn]);
  if (known === undefined) return <p className="wait">Loading</p>;
  if (known.me !== null) return children(known.me);
  return (
    <main id="main" className="sign-in">
      <h1>Tallystick</h1>
      <p>Sign in to see the runs of this federation.</p>
      {error === undefined ? null : <Trouble error={error} />}
      {known.firstAdmin ? (
        <Suspense>
          <FirstAdmin onSession={ask} />
        </Suspense>
      ) : null}
      <SignInForms
        hasProvider={known.oidc}
        onEnter={(me) => setKnown({ ...known, me })}
        onSession={ask}
      />
    </main>
  );
}

/** The coordinator is away or has trouble of its own: nothing that was typed is wrong. */
function isPassing(reason: unknown): boolean {
  return reason instanceof ApiError && (reason.status === 0 || reason.status >= 500);
}
