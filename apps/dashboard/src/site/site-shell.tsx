import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { ToastPlace } from '../shell/toast.js';
import { PLACES } from './pages/index.js';
import { leave } from './session.js';
import { SignInGate } from './sign-in-gate.js';
import { Site } from './site-context.js';
import { SiteStrip } from './site-strip.js';

const VIEWS = PLACES.map((place) => ({ ...place, View: lazy(place.load) }));

/** Everything around a page of the site, with what is going on now. */
export function SiteShell(): ReactNode {
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <SignInGate>
        {(site, reload) => (
          <Site value={site}>
            <Header name={site.name} />
            <main id="main" tabIndex={-1}>
              <SiteStrip site={site} onDone={reload} />
              <Suspense fallback={<p className="wait">Loading</p>}>
                <Pages />
              </Suspense>
            </main>
            <ToastPlace />
          </Site>
        )}
      </SignInGate>
    </>
  );
}

function Pages(): ReactNode {
  return (
    <Switch>
      {VIEWS.map(({ path, View }) => (
        <Route key={path} path={path}>
          {(params) => <View params={params} />}
        </Route>
      ))}
      <Route>
        <h1>Nothing here</h1>
        <p>
          This address leads nowhere. <Link href="/">All tasks</Link>
        </p>
      </Route>
    </Switch>
  );
}

function Header({ name }: { readonly name: string }): ReactNode {
  const [place] = useLocation();
  const here = (path: string): boolean =>
    place === path || (path === '/' && place.startsWith('/tasks/'));
  const title = PLACES.find(({ path }) => here(path))?.title ?? 'Nothing here';
  useEffect(() => {
    document.title = `${title} · ${name} · Tallystick`;
  }, [title, name]);
  return (
    <header className="top">
      <Link className="brand" href="/">
        {name}
      </Link>
      <nav aria-label="Main">
        {PLACES.filter(({ isDeep }) => isDeep !== true).map(({ path, title: word }) => (
          <Link key={path} href={path} aria-current={here(path) ? 'page' : undefined}>
            {word}
          </Link>
        ))}
      </nav>
      <div className="who">
        <span>this site’s own page</span>
        <button type="button" className="quiet" onClick={() => void leave()}>
          Sign out
        </button>
      </div>
    </header>
  );
}
