import { type ReactNode, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { ToastPlace } from '../shell/toast.js';
import { ConsentPage } from './pages/consent-page.js';
import { DataPage } from './pages/data-page.js';
import { EarningsPage } from './pages/earnings-page.js';
import { EvidencePage } from './pages/evidence-page.js';
import { LogPage } from './pages/log-page.js';
import { PolicyPage } from './pages/policy-page.js';
import { TaskPage } from './pages/task-page.js';
import { TasksPage } from './pages/tasks-page.js';
import { leave } from './session.js';
import { SignInGate } from './sign-in-gate.js';
import { SiteStrip } from './site-strip.js';

const PLACES = [
  ['/', 'Tasks'],
  ['/data', 'Data sets'],
  ['/policy', 'Policy'],
  ['/consent', 'Consent'],
  ['/evidence', 'Evidence'],
  ['/earnings', 'Earnings'],
  ['/log', 'Log'],
] as const;

/** Everything around a page of the site, with what is going on now. */
export function SiteShell(): ReactNode {
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <SignInGate>
        {(site, reload) => (
          <>
            <Header name={site.name} />
            <main id="main" tabIndex={-1}>
              <SiteStrip site={site} onDone={reload} />
              <Switch>
                <Route path="/" component={TasksPage} />
                <Route path="/tasks/:run/:round">{(at) => <TaskPage {...at} />}</Route>
                <Route path="/data" component={DataPage} />
                <Route path="/policy">
                  <PolicyPage site={site} />
                </Route>
                <Route path="/consent">
                  <ConsentPage site={site} />
                </Route>
                <Route path="/evidence" component={EvidencePage} />
                <Route path="/earnings" component={EarningsPage} />
                <Route path="/log" component={LogPage} />
                <Route>
                  <h1>Nothing here</h1>
                  <p>
                    This address leads nowhere. <Link href="/">All tasks</Link>
                  </p>
                </Route>
              </Switch>
            </main>
            <ToastPlace />
          </>
        )}
      </SignInGate>
    </>
  );
}

function Header({ name }: { readonly name: string }): ReactNode {
  const [place] = useLocation();
  const here = (path: string): boolean =>
    place === path || (path === '/' && place.startsWith('/tasks/'));
  const title = PLACES.find(([path]) => here(path))?.[1] ?? 'Nothing here';
  useEffect(() => {
    document.title = `${title} · ${name} · Tallystick`;
  }, [title, name]);
  return (
    <header className="top">
      <Link className="brand" href="/">
        {name}
      </Link>
      <nav aria-label="Main">
        {PLACES.map(([path, word]) => (
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
