import type { RunList } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useData } from '../../api/use-data.js';
import { DataTable } from '../../parts/data-table.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';
import { whole } from '../../parts/words.js';
import { RunRewards } from './run-rewards.js';

/** Which runs pay, and of the chosen one who gets what. */
export default function RewardsPage(): ReactNode {
  const { value, error } = useData<RunList>('runs', 10_000);
  const [chosen, setChosen] = useQuery('run', '');
  const runs = value?.runs ?? [];
  const paying = runs.filter(({ pot }) => pot !== '0');
  return (
    <>
      <h1>Rewards</h1>
      {error === undefined ? null : <Trouble error={error} />}
      <DataTable
        label="Runs that pay"
        query="runs"
        rows={paying}
        keyOf={({ run }) => run}
        empty={value === undefined ? 'Loading' : 'No run has a pot.'}
        columns={[
          {
            id: 'run',
            title: 'Run',
            order: ({ run }) => run,
            cell: ({ run, name }) => (
              <Link href={`/runs/${run}`}>
                {name} <small className="muted">#{run}</small>
              </Link>
            ),
          },
          {
            id: 'status',
            title: 'Status',
            order: ({ status }) => status,
            cell: ({ status }) => <Status word={status} />,
          },
          { id: 'pot', title: 'Pot, units', isNumber: true, cell: ({ pot }) => whole(pot) },
          {
            id: 'show',
            title: 'Who gets what',
            cell: ({ run, name }) => (
              <button
                type="button"
                className="plain"
                aria-pressed={chosen === String(run)}
                aria-label={`Rewards of ${name}, run ${run}`}
                onClick={() => setChosen(String(run))}
              >
                Show
              </button>
            ),
          },
        ]}
      />
      {/^\d{1,10}$/.test(chosen) ? <RunRewards key={chosen} run={Number(chosen)} /> : null}
    </>
  );
}
