import type { SiteEarning, SiteEarningList } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { useData } from '../../api/use-data.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { IdChip } from '../../parts/id-chip.js';
import { Trouble } from '../../parts/trouble.js';
import { whole } from '../../parts/words.js';

const LOOK_MS = 10_000;

/** What runs paid for what this site did. */
export default function EarningsPage(): ReactNode {
  const { value, error } = useData<SiteEarningList>('earnings', LOOK_MS);
  return (
    <>
      <h1>Earnings</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {typeof value?.fault === 'string' ? <p className="note">{value.fault}.</p> : null}
      <p className="note">
        In smallest amounts, as the coordinator says it; <code>tally rewards preview</code> computes
        it again from what was signed. An organisation is paid for all its nodes together.
      </p>
      <DataTable
        label="Earnings"
        rows={value?.earnings ?? []}
        columns={COLUMNS}
        keyOf={({ run, account }) => `${run} ${account}`}
        empty={value === undefined ? 'Loading' : 'No run that this site took part in paid it yet.'}
      />
    </>
  );
}

const COLUMNS: readonly Column<SiteEarning>[] = [
  {
    id: 'run',
    title: 'Run',
    order: ({ run }) => run,
    cell: ({ run, name }) => `${name ?? 'run'} #${run}`,
  },
  {
    id: 'account',
    title: 'Account',
    cell: ({ account }) => <IdChip id={account} what="account" />,
  },
  { id: 'entitled', title: 'Earned', isNumber: true, cell: ({ entitled }) => whole(entitled) },
  { id: 'paid', title: 'Paid', isNumber: true, cell: ({ paid }) => whole(paid) },
  { id: 'due', title: 'Due now', isNumber: true, cell: ({ due }) => whole(due) },
];
