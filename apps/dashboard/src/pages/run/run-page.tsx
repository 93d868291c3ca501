import type { RunView } from '@tallystick/protocol';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { useSites } from '../../api/nodes.js';
import { useNews, useRunStream } from '../../api/run-stream.js';
import { may, useMe } from '../../api/session.js';
import { useCurves } from '../../api/use-curves.js';
import { useData } from '../../api/use-data.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';
import type { Params } from '../index.js';
import { Curves } from './curves.js';
import { EvidenceLinks } from './evidence-links.js';
import { RunActions } from './run-actions.js';
import { RunStrip } from './run-strip.js';
import { SpecView } from './spec-view.js';

/** Loaded when somebody looks at them. */
const NodeGrid = lazy(() => import('./node-grid.js'));
const RoundTable = lazy(() => import('./round-table.js'));

const SECTIONS = ['curves', 'rounds', 'nodes', 'spec', 'evidence'] as const;
/** Events that change the run's own view. */
const OF_RUN = /^(run|round|update)\.|^node\.declined/;
/** Events that change the curves. */
const OF_CURVES = /^round\.(closed|committed)|^node\.evaluated|^run\./;
const SOON_MS = 300;

/** One run: how it stands, then its curves, rounds, nodes, spec and evidence. */
export default function RunPage({ params }: { readonly params: Params }): ReactNode {
  const run = Number(params['run']);
  const stream = useRunStream(run);
  const { value: view, error, reload } = useData<RunView>(`runs/${run}`);
  const [metric, setMetric] = useQuery('metric', '');
  const { curves, refresh } = useCurves(run, metric === '' ? undefined : metric);
  const [section] = useQuery('show', 'curves');
  const sites = useSites(10_000);
  const me = useMe();
  const [last, setLast] = useState<string>();
  useNews(stream, reload, { kinds: OF_RUN, everyMs: SOON_MS });
  useNews(stream, refresh, { kinds: OF_CURVES, everyMs: SOON_MS });
  if (view === undefined)
    return error === undefined ? <p className="wait">Loading</p> : <Trouble error={error} />;
  return (
    <>
      <div className="title">
        <h1>
          {view.name} <small className="muted">run {view.run}</small>
        </h1>
        <RunActions
          view={view}
          mayControl={may(me, 'run.control')}
          onDone={reload}
          onSaid={setLast}
        />
      </div>
      <RunStrip view={view} stream={stream} sites={sites} />
      {last === undefined ? null : <p role="status">{last}</p>}
      <nav className="sections" aria-label="Sections of this run">
        {SECTIONS.map((name) => (
          <Link
            key={name}
            href={name === 'curves' ? `/runs/${run}` : `/runs/${run}?show=${name}`}
            aria-current={section === name ? 'page' : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<p className="wait">Loading</p>}>
        {section === 'rounds' ? <RoundTable view={view} curves={curves} /> : null}
        {section === 'nodes' ? <NodeGrid view={view} stream={stream} sites={sites} /> : null}
        {section === 'spec' ? <SpecView view={view} /> : null}
        {section === 'evidence' ? <EvidenceLinks view={view} /> : null}
        {section === 'curves' ? (
          <Curves curves={curves} sites={sites} onMetric={setMetric} />
        ) : null}
      </Suspense>
    </>
  );
}
