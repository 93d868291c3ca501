import type { ReactNode } from 'react';
import { useQuery } from './use-query.js';

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  /** What it is ordered by; a column without one cannot be. */
  readonly order?: (row: T) => number | string;
  readonly isNumber?: boolean;
}

interface Props<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string | number;
  readonly empty: ReactNode;
  /** Where its order is in the address, when a page has several tables. */
  readonly query?: string;
}

/** A table whose order is in the address: `?sort=name` or `?sort=-name`. */
export function DataTable<T>(props: Props<T>): ReactNode {
  const { label, rows, columns, keyOf, empty, query = 'sort' } = props;
  const [sort, setSort] = useQuery(query, '');
  const shown = sorted(rows, columns, sort);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} onSort={setSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ id, cell, isNumber }) => (
                <td key={id} className={isNumber === true ? 'number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p className="empty">{empty}</p> : null}
    </div>
  );
}

interface HeadProps<T> {
  readonly column: Column<T>;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

function Head<T>({ column, sort, onSort }: HeadProps<T>): ReactNode {
  const { id, title, order, isNumber } = column;
  const direction = sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : undefined;
  const className = isNumber === true ? 'number' : undefined;
  if (order === undefined) {
    return (
      <th scope="col" className={className}>
        {title}
      </th>
    );
  }
  return (
    <th scope="col" aria-sort={direction} className={className}>
      <button type="button" onClick={() => onSort(direction === 'ascending' ? `-${id}` : id)}>
        {title}
        <span aria-hidden="true">
          {direction === 'ascending' ? ' ↑' : direction === 'descending' ? ' ↓' : ''}
        </span>
      </button>
    </th>
  );
}

function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], sort: string): readonly T[] {
  const order = columns.find(({ id }) => id === sort.replace(/^-/, ''))?.order;
  if (order === undefined) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [order(a), order(b)];
    return x < y ? -sign : x > y ? sign : 0;
  });
}
