import { type EstimateView, parseRunSpec, type RunView } from '@tallystick/protocol';
import { type ReactNode, useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { get, send } from '../../api/client.js';
import { Confirm } from '../../parts/confirm.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';
import { bytes, count, duration } from '../../parts/words.js';
import { Editor } from './editor.js';
import { Estimate } from './estimate.js';
import { EXAMPLE_RUN } from './example-run.js';

/** Pause after the last key before the coordinator is asked. */
const CALM_MS = 400;

/** The same run.yaml as on the command line: checked while it is written, estimated, then launched. */
export default function NewPage(): ReactNode {
  const [text, setText] = useStart();
  const parsed = parseRunSpec(text);
  const faults = parsed.ok ? [] : parsed.faults;
  const { value: estimate, error } = useEstimate(parsed.ok ? text : undefined);
  const [asks, setAsks] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const [, go] = useLocation();
  const launch = (): void => {
    send<RunView>('POST', 'runs', { spec: text }).then(({ run }) => go(`/runs/${run}`), setFault);
  };
  return (
    <>
      <h1>New run</h1>
      {fault === undefined ? null : <Trouble error={fault} />}
      <div className="new">
        <Editor text={text} faults={faults} onText={setText} />
        <section aria-label="Estimate">
          <h2>Estimate</h2>
          {error === undefined ? null : <Trouble error={error} />}
          {estimate === undefined ? (
            <p className="muted">
              {parsed.ok ? 'Asking the coordinator' : 'Comes once the file has no fault.'}
            </p>
          ) : (
            <Estimate estimate={estimate} />
          )}
          <button type="button" disabled={!parsed.ok} onClick={() => setAsks(true)}>
            Launch
          </button>
        </section>
      </div>
      {asks && parsed.ok ? (
        <Confirm
          title={`Launch ${parsed.spec.name}?`}
          act="Launch the run"
          onAct={launch}
          onClose={() => setAsks(false)}
        >
          <Facts estimate={estimate} rounds={parsed.spec.rounds} purpose={parsed.spec.purpose} />
        </Confirm>
      ) : null}
    </>
  );
}

interface FactsProps {
  readonly estimate: EstimateView | undefined;
  readonly rounds: number;
  readonly purpose: string;
}

function Facts({ estimate, rounds, purpose }: FactsProps): ReactNode {
  const here = estimate?.sites.filter(({ connected }) => connected).length;
  const declining = estimate?.sites.filter(({ declined }) => declined !== null) ?? [];
  return (
    <ul>
      <li>
        {rounds} rounds for purpose {purpose}
      </li>
      {estimate === undefined ? null : (
        <>
          <li>
            {count(here)} sites are online; a round needs {estimate.needed}
            {(here ?? 0) < estimate.needed ? ': it waits until they come' : ''}
          </li>
          <li>
            {bytes(estimate.siteBytes)} for each site
            {estimate.seconds === null ? '' : `, about ${duration(estimate.seconds * 1_000)}`}
          </li>
          {declining.length === 0 ? null : (
            <li>{declining.map(({ name }) => name).join(', ')} declined the last run like this</li>
          )}
        </>
      )}
    </ul>
  );
}

/** The text to begin with: an example, or with `?from=3` the spec of run 3 (JSON is YAML). */
function useStart(): readonly [string, (text: string) => void] {
  const [from] = useQuery('from', '');
  const [text, setText] = useState(EXAMPLE_RUN);
  useEffect(() => {
    if (!/^\d{1,10}$/.test(from)) return;
    const stop = new AbortController();
    get<RunView>(`runs/${from}`, stop.signal)
      .then(({ spec }) => get<unknown>(`specs/${spec}`, stop.signal))
      .then(
        (spec) => setText(JSON.stringify(spec, undefined, 2)),
        () => undefined,
      );
    return () => stop.abort();
  }, [from]);
  return [text, setText];
}

function useEstimate(text: string | undefined): {
  readonly value: EstimateView | undefined;
  readonly error: unknown;
} {
  const [state, setState] = useState<{ text?: string; value?: EstimateView; error?: unknown }>({});
  useEffect(() => {
    if (text === undefined) return;
    let isOld = false;
    const timer = setTimeout(() => {
      send<EstimateView>('POST', 'runs/estimate', { spec: text }).then(
        (value) => isOld || setState({ text, value }),
        (error: unknown) => isOld || setState({ text, error }),
      );
    }, CALM_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [text]);
  const isOf = text !== undefined && state.text === text;
  return { value: isOf ? state.value : undefined, error: isOf ? state.error : undefined };
}
