import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { type Me, type SignIn, signInByName, signInByToken, whoAmI } from '../api/session.js';
import { Trouble } from '../parts/trouble.js';

interface Props {
  readonly children: (me: Me) => ReactNode;
}

/** Lets nobody further who has not said who they are. */
export function SignInGate({ children }: Props): ReactNode {
  const [known, setKnown] = useState<SignIn | undefined>();
  const [error, setError] = useState<unknown>();
  const ask = (): void => {
    whoAmI().then(setKnown, (reason: unknown) => {
      setError(reason);
      setKnown({ me: null, oidc: false, firstAdmin: false });
    });
  };
  useEffect(ask, []);
  if (known === undefined) return <p className="wait">Loading</p>;
  if (known.me !== null) return children(known.me);
  const enter = (me: Me): void => setKnown({ ...known, me });
  return <SignInPage known={known} error={error} onEnter={enter} onSession={ask} />;
}

interface PageProps {
  readonly known: SignIn;
  readonly error: unknown;
  readonly onEnter: (me: Me) => void;
  readonly onSession: () => void;
}

function SignInPage({ known, error, onEnter, onSession }: PageProps): ReactNode {
  const [fault, setFault] = useState<unknown>(error);
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setFault(undefined);
    await act().catch((reason: unknown) => setFault(reason));
  };
  const byName = (form: FormData): Promise<void> =>
    attempt(async () => {
      await signInByName(text(form, 'name'), text(form, 'password'));
      onSession();
    });
  const byToken = (form: FormData): Promise<void> =>
    attempt(async () => onEnter(await signInByToken(text(form, 'token').trim())));
  return (
    <main id="main" className="sign-in">
      <h1>Tallystick</h1>
      <p>Sign in to see the runs of this federation.</p>
      {fault === undefined ? null : <Trouble error={fault} />}
      <form onSubmit={onSubmit(byName)}>
        <label>
          Name <input name="name" autoComplete="username" required />
        </label>
        <label>
          Password{' '}
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit">Sign in</button>
        {known.oidc ? <a href="/api/v1/auth/oidc/start">Sign in with your organisation</a> : null}
      </form>
      <form onSubmit={onSubmit(byToken)}>
        <label>
          API token <input name="token" type="password" autoComplete="off" required />
          <small>
            A token of your own, or the operator’s from the file <code>api-token</code>. It stays in
            the memory of this window.
          </small>
        </label>
        <button type="submit">Use token</button>
      </form>
    </main>
  );
}

function onSubmit(act: (form: FormData) => Promise<void>) {
  return (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void act(new FormData(event.currentTarget));
  };
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}
