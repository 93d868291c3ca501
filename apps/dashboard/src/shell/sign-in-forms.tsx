import { type FormEvent, type ReactNode, useState } from 'react';
import { type Me, signInByName, signInByToken } from '../api/session.js';
import { textIn } from '../parts/text-in.js';
import { Trouble } from '../parts/trouble.js';

interface Props {
  /** There is an identity provider to sign in with. */
  readonly hasProvider: boolean;
  /** A token was taken. */
  readonly onEnter: (me: Me) => void;
  /** There is a session now. */
  readonly onSession: () => void;
}

/** The ways in that need something typed, and what was wrong with it. */
export function SignInForms({ hasProvider, onEnter, onSession }: Props): ReactNode {
  const [fault, setFault] = useState<unknown>();
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setFault(undefined);
    await act().catch((reason: unknown) => setFault(reason));
  };
  const byName = (form: FormData): Promise<void> =>
    attempt(async () => {
      await signInByName(textIn(form, 'name'), textIn(form, 'password'));
      onSession();
    });
  const byToken = (form: FormData): Promise<void> =>
    attempt(async () => onEnter(await signInByToken(textIn(form, 'token').trim())));
  return (
    <>
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
        {hasProvider ? <a href="/api/v1/auth/oidc/start">Sign in with your organisation</a> : null}
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
    </>
  );
}

function onSubmit(act: (form: FormData) => Promise<void>) {
  return (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void act(new FormData(event.currentTarget));
  };
}
