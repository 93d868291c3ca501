import type { SiteLog } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { useData } from '../../api/use-data.js';
import { DataTable } from '../../parts/data-table.js';
import { FindField } from '../../parts/find-field.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';
import { instant } from '../../parts/words.js';

const LOOK_MS = 2_000;

/** The newest lines that the node said, since it started. */
export default function LogPage(): ReactNode {
  const { value, error } = useData<SiteLog>('log', LOOK_MS);
  const [find, setFind] = useQuery('find', '');
  const wanted = find.toLowerCase();
  const lines = (value?.lines ?? []).filter(({ event, text }) =>
    `${event} ${text}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <h1>Log</h1>
      {error === undefined ? null : <Trouble error={error} />}
      <FindField value={find} onChange={setFind} hint="event or text" />
      <DataTable
        label="Log"
        rows={lines.map((line, at) => ({ ...line, key: `${line.atMs} ${at}` }))}
        columns={[
          { id: 'at', title: 'When', cell: ({ atMs }) => instant(atMs) },
          { id: 'level', title: 'Level', cell: ({ level }) => level },
          { id: 'event', title: 'Event', cell: ({ event }) => event },
          { id: 'text', title: 'Facts', cell: ({ text }) => text },
        ]}
        keyOf={({ key }) => key}
        empty={value === undefined ? 'Loading' : 'Nothing was said yet.'}
      />
    </>
  );
}
