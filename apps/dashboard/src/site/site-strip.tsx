import type { SiteView } from '@tallystick/protocol';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { send } from '../api/client.js';
import { Confirm } from '../parts/confirm.js';
import { Status } from '../parts/status.js';
import { useNow } from '../parts/use-now.js';
import { ago } from '../parts/words.js';
import { toast } from '../shell/toast.js';

const WithdrawDialog = lazy(() => import('./withdraw-dialog.js'));

const TAKES = { open: 'taking tasks', paused: 'paused', withdrawn: 'withdrawn' } as const;

interface Props {
  readonly site: SiteView;
  readonly onDone: () => void;
}

/** What this node does now, and the three things its people can always do about it. */
export function SiteStrip({ site, onDone }: Props): ReactNode {
  const now = useNow();
  const { link, intake } = site;
  const { state, sinceMs } = intake;
  return (
    <div className="strip" role="region" aria-label="Now">
      <Status word={TAKES[state]} />
      {sinceMs === null ? null : <span className="muted">since {ago(sinceMs, now)}</span>}
      <span>
        <Status word={link.isConnected ? 'connected' : 'not connected'} />{' '}
        <span className="muted">
          {link.url ?? site.coordinators[0]} · {ago(link.sinceMs, now)}
        </span>
      </span>
      {link.reason === null ? null : <span className="reason">{link.reason}</span>}
      <IntakeActions state={state} onDone={onDone} />
    </div>
  );
}

function IntakeActions({
  state,
  onDone,
}: {
  readonly state: SiteView['intake']['state'];
  readonly onDone: () => void;
}): ReactNode {
  const [asks, setAsks] = useState<'withdraw' | 'open'>();
  const close = (): void => setAsks(undefined);
  const set = (wanted: 'open' | 'paused'): void => {
    send('POST', 'intake', { state: wanted }).then(onDone, (error: unknown) =>
      toast(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <span className="actions">
      {state === 'open' ? (
        <button type="button" className="plain" onClick={() => set('paused')}>
          Pause
        </button>
      ) : (
        <button
          type="button"
          className="plain"
          onClick={() => (state === 'paused' ? set('open') : setAsks('open'))}
        >
          Take tasks again
        </button>
      )}
      {state === 'withdrawn' ? null : (
        <button type="button" className="plain danger" onClick={() => setAsks('withdraw')}>
          Withdraw
        </button>
      )}
      {asks === 'withdraw' ? (
        <Suspense fallback={null}>
          <WithdrawDialog onDone={onDone} onClose={close} />
        </Suspense>
      ) : null}
      {asks === 'open' ? (
        <Confirm
          title="Take tasks again?"
          act="Take tasks"
          onAct={() => set('open')}
          onClose={close}
        >
          <p>
            This node trains again for what its policy allows. Consents that were revoked stay
            revoked: each has to be given anew, under Consent.
          </p>
        </Confirm>
      ) : null}
    </span>
  );
}
