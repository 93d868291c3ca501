import { type FormEvent, type ReactNode, useState } from 'react';
import { send } from '../api/client.js';
import { textIn } from '../parts/text-in.js';
import { Trouble } from '../parts/trouble.js';

/** Makes the first user who may do everything; shown while there is none. */
export default function FirstAdmin({ onSession }: { readonly onSession: () => void }): ReactNode {
  const [fault, setFault] = useState<unknown>();
  const make = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name, password] = [textIn(form, 'name'), textIn(form, 'password')];
    const body = { name, password, token: textIn(form, 'token').trim() };
    setFault(undefined);
    send('POST', 'auth/first-admin', body).then(onSession, setFault);
  };
  return (
    <details>
      <summary>Nobody administers this federation yet: make the first admin</summary>
      {fault === undefined ? null : <Trouble error={fault} />}
      <form onSubmit={make}>
        <label>
          Your name <input name="name" autoComplete="username" maxLength={64} required />
        </label>
        <label>
          New password{' '}
          <input
            name="password"
            type="password"
            autoComplete="new-password"
            minLength={12}
            maxLength={256}
            required
          />
          <small>At least 12 characters.</small>
        </label>
        <label>
          Operator’s token <input name="token" type="password" autoComplete="off" required />
          <small>
            The line in the file <code>api-token</code> of the data folder: whoever can read it runs
            this federation.
          </small>
        </label>
        <button type="submit">Make the admin</button>
      </form>
    </details>
  );
}
