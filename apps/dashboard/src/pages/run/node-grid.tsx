import type { RunGrid, RunView } from '@tallystick/protocol';
import { type ReactNode } from 'react';
import { Link } from 'wouter';
import type { Sites } from '../../api/nodes.js';
import { type StreamState, useNews } from '../../api/run-stream.js';
import { useData } from '../../api/use-data.js';
import { StateCell } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';

const ROUNDS = 50;
const WORDS = [
  'offered',
  'accepted',
  'counted',
  'declined',
  'silent',
  'late',
  'refused',
  'unused',
  'pending',
];

interface Props {
  readonly view: RunView;
  readonly stream: StreamState;
  readonly sites: Sites;
}

/** Who did what in which round; it stays after the end. */
export default function NodeGrid({ view, stream, sites }: Props): ReactNode {
  const top = Math.max(0, (view.lastRound ?? 0) - ROUNDS + 2);
  const [asked, setAsked] = useQuery('from', '');
  const from = asked === '' ? top : Math.max(0, Number(asked) || 0);
  const { value, error, reload } = useData<RunGrid>(
    `runs/${view.run}/grid?from=${from}&limit=${ROUNDS}`,
  );
  useNews(stream, reload, { kinds: /^(round|update)\.|^node\.declined/, everyMs: 500 });
  if (value === undefined)
    return error === undefined ? <p className="wait">Loading</p> : <Trouble error={error} />;
  const rows = value.rows.toReversed();
  return (
    <>
      <div className="tools">
        <button
          type="button"
          className="plain"
          disabled={from === 0}
          onClick={() => setAsked(String(Math.max(0, from - ROUNDS)))}
        >
          Older
        </button>
        <button
          type="button"
          className="plain"
          disabled={from >= top}
          onClick={() => setAsked(from + ROUNDS >= top ? '' : String(from + ROUNDS))}
        >
          Newer
        </button>
        <span className="muted">
          {value.asked > value.nodes.length
            ? `the first ${value.nodes.length} of ${value.asked} nodes`
            : `${value.asked} nodes`}
        </span>
      </div>
      <div className="scroll" tabIndex={0} role="region" aria-label="Nodes by round">
        <table className="states">
          <thead>
            <tr>
              <th scope="col">Round</th>
              {value.nodes.map((node) => (
                <th key={node} scope="col">
                  {sites.nameOf(node)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ round, states }) => (
              <tr key={round}>
                <th scope="row">
                  <Link href={`/runs/${view.run}/rounds/${round}`}>{round}</Link>
                </th>
                {states.map((state, i) => (
                  <td key={value.nodes[i]}>
                    <StateCell word={state} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="key" aria-label="What the signs mean">
        {WORDS.map((word) => (
          <li key={word}>
            <StateCell word={word} /> <span aria-hidden="true">{word}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
