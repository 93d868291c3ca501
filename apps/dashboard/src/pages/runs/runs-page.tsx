import type { ReactNode } from 'react';
import type { RunList } from '@tallystick/protocol';
import { useData } from '../../api/use-data.js';
import { Trouble } from '../../parts/trouble.js';

export default function RunsPage(): ReactNode {
  const { value, error } = useData<RunList>('runs', 2_000);
  return (
    <>
      <h1>Runs</h1>
      {error === undefined ? null : <Trouble error={error} />}
      <ul>
        {value?.runs.map((run) => (
          <li key={run.run}>
            {run.name} {run.status}
          </li>
        ))}
      </ul>
    </>
  );
}
