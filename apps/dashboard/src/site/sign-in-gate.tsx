import type { SiteView } from '@tallystick/protocol';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { type Data, useData } from '../api/use-data.js';
import { Trouble } from '../parts/trouble.js';
import { enter, resume } from './session.js';

const LOOK_MS = 1_000;

interface Props {
  readonly children: (site: SiteView, reload: () => void) => ReactNode;
}

/** Shows the site to whoever came by its link. */
export function SignInGate({ children }: Props): ReactNode {
  const [fault, setFault] = useState<unknown>();
  const [isResumed, setResumed] = useState(false);
  const site = useData<SiteView>(isResumed ? 'site' : undefined, LOOK_MS);
  const { reload } = site;
  useEffect(() => {
    const begin = (): void => {
      resume()
        .then(() => setFault(undefined), setFault)
        .finally(() => {
          setResumed(true);
          reload();
        });
    };
    begin();
    addEventListener('hashchange', begin); // a link that is opened where the page already is loads nothing anew
    return () => removeEventListener('hashchange', begin);
  }, [reload]);
  if (site.error?.status === 401) return <SignIn fault={fault} onEnter={reload} />;
  if (site.value === undefined) return <First site={site} />;
  return (
    <>
      {site.error === undefined ? null : (
        <div className="gone">
          <Trouble error={site.error} />
        </div>
      )}
      {children(site.value, reload)}
    </>
  );
}

function First({ site }: { readonly site: Data<SiteView> }): ReactNode {
  if (site.error === undefined) return <p className="wait">Loading</p>;
  return (
    <main id="main">
      <h1>This site</h1>
      <Trouble error={site.error} />
    </main>
  );
}

function SignIn({
  fault,
  onEnter,
}: {
  readonly fault: unknown;
  readonly onEnter: () => void;
}): ReactNode {
  const [refused, setRefused] = useState<unknown>();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const secret = new FormData(event.currentTarget).get('secret');
    if (typeof secret !== 'string') return;
    enter(secret.trim()).then(onEnter, setRefused);
  };
  const shown = refused ?? fault;
  return (
    <main id="main" className="sign-in">
      <h1>This site</h1>
      <p>
        This window is not signed in. On the machine of the node, <code>tally node page</code>{' '}
        prints a link that opens this page once.
      </p>
      {shown === undefined ? null : <Trouble error={shown} />}
      <form onSubmit={submit}>
        <label>
          Ticket or token <input name="secret" type="password" autoComplete="off" required />
          <small>
            The part of the link after <code>#ticket=</code>; or the token of this page, where
            node.yaml names one.
          </small>
        </label>
        <button type="submit">Sign in</button>
      </form>
    </main>
  );
}
