import type { SiteConsent, SiteConsentList, SiteView } from '@tallystick/protocol';
import { type FormEvent, type ReactNode, useState } from 'react';
import { sendSlowly } from '../../api/client.js';
import { useData } from '../../api/use-data.js';
import { Confirm } from '../../parts/confirm.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { Trouble } from '../../parts/trouble.js';
import { MISSING } from '../../parts/words.js';
import { toast } from '../../shell/toast.js';
import { consentWords } from '../consent-words.js';
import { purposeWords } from '../purpose-words.js';
import { useSite } from '../site-context.js';

const LOOK_MS = 5_000;

/** What the owner allows in each run: here, and on the chain. */
export default function ConsentPage(): ReactNode {
  const site = useSite();
  const { value, error, reload } = useData<SiteConsentList>('consents', LOOK_MS);
  const [asked, setAsked] = useState<SiteConsent>();
  const canSign = site.hasOwnerKey && site.chainUrl !== null;
  return (
    <>
      <h1>Consent</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {typeof value?.fault === 'string' ? (
        <p className="note">The chain was not asked: {value.fault}.</p>
      ) : null}
      {canSign ? null : (
        <p className="note">
          Consents cannot be signed here
          {site.hasOwnerKey ? '' : ': the owner key is kept elsewhere'}. Where it lies:{' '}
          <code>tally node consent grant|revoke &lt;run&gt;</code>
        </p>
      )}
      <DataTable
        label="Consents"
        rows={value?.consents ?? []}
        columns={columnsOf(canSign ? setAsked : undefined)}
        keyOf={({ run }) => run}
        empty={value === undefined ? 'Loading' : 'No run has asked this site for anything yet.'}
      />
      {canSign ? <Grant site={site} onDone={reload} /> : null}
      {asked === undefined ? null : (
        <Confirm
          title={`Revoke the consent to run ${asked.run}?`}
          act="Revoke"
          onAct={() => void act('consents/revoke', { run: asked.run }, reload)}
          onClose={() => setAsked(undefined)}
        >
          <p>
            From the block of the revocation on, no round of this run can count this site. Updates
            that were counted before stay in the models. It can be given again.
          </p>
        </Confirm>
      )}
    </>
  );
}

function columnsOf(
  onRevoke: ((consent: SiteConsent) => void) | undefined,
): readonly Column<SiteConsent>[] {
  return [
    {
      id: 'run',
      title: 'Run',
      order: ({ run }) => run,
      cell: ({ run, name }) => `${name ?? 'run'} #${run}`,
    },
    {
      id: 'needed',
      title: 'Needed',
      cell: ({ isNeeded }) => (isNeeded === null ? MISSING : isNeeded ? 'yes' : 'no'),
    },
    { id: 'own', title: 'Given here', cell: ({ own }) => consentWords(own) },
    { id: 'chain', title: 'On the chain', cell: ({ onChain }) => consentWords(onChain) },
    {
      id: 'act',
      title: 'Act',
      cell: (consent) => {
        const { own, onChain } = consent;
        const isHeld = [own, onChain].some((held) => held !== null && held.revokedAtBlock === null);
        if (onRevoke === undefined || !isHeld) return MISSING;
        return (
          <button type="button" className="plain danger" onClick={() => onRevoke(consent)}>
            Revoke
          </button>
        );
      },
    },
  ];
}

function Grant({
  site,
  onDone,
}: {
  readonly site: SiteView;
  readonly onDone: () => void;
}): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const until = form.get('until');
    const untilMs = typeof until === 'string' ? Date.parse(`${until}T23:59:59.999Z`) : 0;
    setBusy(true);
    void act('consents/grant', { run: Number(form.get('run')), untilMs }, onDone).finally(() =>
      setBusy(false),
    );
  };
  return (
    <form className="tools" onSubmit={submit} aria-label="Give a consent">
      <label>
        Run <input name="run" type="number" min={0} max={4_294_967_295} required />
      </label>
      <label>
        until the end of <input name="until" type="date" required />
      </label>
      <button type="submit" disabled={isBusy}>
        Give consent
      </button>
      <small className="muted">
        To all its rounds, for {site.policy.purposes.map(purposeWords).join('; ') || 'no purpose'}.
      </small>
    </form>
  );
}

/** On the chain when it is over; says so, or why not. */
async function act(path: string, body: object, onDone: () => void): Promise<void> {
  await sendSlowly(path, body).then(
    () => toast('It is on the chain.'),
    (error: unknown) => toast(error instanceof Error ? error.message : String(error)),
  );
  onDone();
}
