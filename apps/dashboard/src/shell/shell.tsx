import { Component, lazy, type ReactNode, Suspense, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { useCoordinator } from '../api/coordinator.js';
import { may, type Me, Session, signOut, useMe } from '../api/session.js';
import { PAGES, type Page } from '../pages/index.js';
import { Trouble } from '../parts/trouble.js';
import { duration } from '../parts/words.js';
import { SignInAgain } from './sign-in-again.js';
import { SignInGate } from './sign-in.js';
import { ToastPlace } from './toast.js';

/** From the first page to the code of the others. */
const AHEAD_MS = 1_000;

const VIEWS = PAGES.map((page) => ({ page, View: lazy(page.load) }));

/** Everything around a page: who is here, where one can go, and what is said in passing. */
export function Shell(): ReactNode {
  return (
    <SignInGate>
      {(me) => (
        <Session value={me}>
          <a className="skip" href="#main">
            Skip to content
          </a>
          <Header />
          <main id="main" tabIndex={-1}>
            <ClockNote />
            <Pages />
          </main>
          <SignInAgain />
          <ToastPlace />
        </Session>
      )}
    </SignInGate>
  );
}

function Header(): ReactNode {
  const me = useMe();
  const [place] = useLocation();
  const links = PAGES.filter(({ nav, permission }) => nav === true && may(me, permission));
  return (
    <header className="top">
      <Link className="brand" href="/">
        Tallystick
      </Link>
      <nav aria-label="Main">
        {links.map(({ path, title }) => (
          <Link key={path} href={path} aria-current={isAt(place, path) ? 'page' : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <div className="who">
        {may(me, 'self') ? (
          <Link href="/account">
            {me.name} <small>{me.role}</small>
          </Link>
        ) : (
          <span>
            {me.name} <small>{me.role}</small>
          </span>
        )}
        <button type="button" className="quiet" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </header>
  );
}

/** Clocks that differ by more than this are told of. */
const SKEW_MS = 60_000;

/** Ages are counted by the coordinator's clock; whoever compares them with the wall must know. */
function ClockNote(): ReactNode {
  const { skewMs } = useCoordinator();
  if (Math.abs(skewMs) < SKEW_MS) return null;
  return (
    <p role="status" className="strip">
      The clock of this machine is {duration(Math.abs(skewMs))} {skewMs > 0 ? 'ahead of' : 'behind'}{' '}
      the coordinator’s. Times on this page are the coordinator’s.
    </p>
  );
}

function isAt(place: string, path: string): boolean {
  return path === '/' ? place === '/' || place.startsWith('/runs/') : place.startsWith(path);
}

/**
 * The code of the other pages is fetched once the first one is there: a browser remembers a module that it could not load,
 * so a page first opened while the coordinator is away would stay broken until a reload.
 */
function useAhead(me: Me): void {
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const { permission, load } of PAGES) if (may(me, permission)) load().catch(() => {});
    }, AHEAD_MS);
    return () => clearTimeout(timer);
  }, [me]);
}

function Pages(): ReactNode {
  const me = useMe();
  useAhead(me);
  return (
    <Switch>
      {VIEWS.filter(({ page }) => may(me, page.permission)).map(({ page, View }) => (
        <Route key={page.path} path={page.path}>
          {(params) => (
            <Bound key={JSON.stringify(params)}>
              <Titled page={page} />
              <Suspense fallback={<p className="wait">Loading</p>}>
                <View params={params} />
              </Suspense>
            </Bound>
          )}
        </Route>
      ))}
      <Route>
        <h1>Nothing here</h1>
        <p>
          This address leads nowhere, or your role does not open it. <Link href="/">All runs</Link>
        </p>
      </Route>
    </Switch>
  );
}

function Titled({ page }: { readonly page: Page }): ReactNode {
  useEffect(() => {
    document.title = `${page.title} · Tallystick`;
  }, [page]);
  return null;
}

/** Keeps the shell when a page fails, and says what failed. */
class Bound extends Component<{ readonly children: ReactNode }, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {};

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error === undefined ? this.props.children : <Trouble error={error} />;
  }
}
