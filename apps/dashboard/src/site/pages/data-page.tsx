import type { SiteDataset, SiteDatasetList } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { useData } from '../../api/use-data.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { Trouble } from '../../parts/trouble.js';
import { bytes, count, MISSING } from '../../parts/words.js';

const LOOK_MS = 2_000;

/** The files that runs can ask for by name: their shape, and nothing of what is in them. */
export default function DataPage(): ReactNode {
  const { value, error } = useData<SiteDatasetList>('datasets', LOOK_MS);
  const datasets = value?.datasets ?? [];
  return (
    <>
      <h1>Data sets</h1>
      {error === undefined ? null : <Trouble error={error} />}
      <p className="note">
        Rows and columns are counted on this machine. No value is shown here, and none leaves it.
      </p>
      <DataTable
        label="Data sets"
        rows={datasets}
        columns={COLUMNS}
        keyOf={({ name }) => name}
        empty={
          value === undefined
            ? 'Loading'
            : 'No data set has a name yet: tally node dataset add <name> <file.csv>'
        }
      />
      {datasets.map(({ name, columns, columnCount }) =>
        columnCount === 0 ? null : (
          <section key={name} aria-label={`Columns of ${name}`}>
            <h2>Columns of {name}</h2>
            <p>
              {columns.join(', ')}
              {columnCount > columns.length ? ` and ${columnCount - columns.length} more` : ''}
            </p>
          </section>
        ),
      )}
    </>
  );
}

const COLUMNS: readonly Column<SiteDataset>[] = [
  { id: 'name', title: 'Name', order: ({ name }) => name, cell: ({ name }) => name },
  {
    id: 'rows',
    title: 'Rows',
    isNumber: true,
    order: ({ rows }) => rows ?? -1,
    cell: ({ rows, fault }) => (rows === null && fault === null ? 'counting' : count(rows)),
  },
  {
    id: 'columns',
    title: 'Columns',
    isNumber: true,
    order: ({ columnCount }) => columnCount,
    cell: ({ rows, columnCount }) => (rows === null ? MISSING : count(columnCount)),
  },
  {
    id: 'label',
    title: 'Label that runs took',
    cell: ({ labels }) => (labels.length === 0 ? MISSING : labels.join('; ')),
  },
  { id: 'bytes', title: 'Size', isNumber: true, cell: (one) => bytes(one.bytes) },
  {
    id: 'file',
    title: 'File',
    cell: ({ file, fault }) => (fault === null ? <code>{file}</code> : <span>{fault}</span>),
  },
];
