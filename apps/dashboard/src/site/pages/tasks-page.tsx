import type { SiteTask, SiteTaskList } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useData } from '../../api/use-data.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { bytes, count, instant, MISSING } from '../../parts/words.js';
import { taskWord } from '../task-word.js';

const LOOK_MS = 1_000;

/** What was asked of this site, before and after it ran. */
export default function TasksPage(): ReactNode {
  const { value, error } = useData<SiteTaskList>('tasks', LOOK_MS);
  return (
    <>
      <h1>Tasks</h1>
      {error === undefined ? null : <Trouble error={error} />}
      <DataTable
        label="Tasks"
        rows={value?.tasks ?? []}
        columns={COLUMNS}
        keyOf={({ run, round }) => `${run}/${round}`}
        empty={value === undefined ? 'Loading' : 'Nobody has asked this site for anything yet.'}
      />
    </>
  );
}

const COLUMNS: readonly Column<SiteTask>[] = [
  {
    id: 'asked',
    title: 'Asked',
    order: ({ askedAtMs }) => askedAtMs,
    cell: ({ askedAtMs }) => instant(askedAtMs),
  },
  {
    id: 'task',
    title: 'Task',
    cell: ({ run, round, ask }) => (
      <Link href={`/tasks/${run}/${round}`}>
        {ask?.name ?? 'run'} <small>#{run}</small>, round {round}
      </Link>
    ),
  },
  {
    id: 'state',
    title: 'What became of it',
    order: ({ state }) => state,
    cell: (task) => (
      <>
        <Status word={taskWord(task)} />{' '}
        {task.reason === null ? null : <span className="muted">{task.reason.code}</span>}
      </>
    ),
  },
  { id: 'dataset', title: 'Data set', cell: ({ ask }) => ask?.dataset ?? MISSING },
  {
    id: 'rows',
    title: 'Rows',
    isNumber: true,
    order: ({ sent }) => sent?.rows ?? -1,
    cell: ({ sent }) => count(sent?.rows),
  },
  {
    id: 'bytes',
    title: 'Sent',
    isNumber: true,
    order: ({ sent }) => sent?.bytes ?? -1,
    cell: ({ sent }) => bytes(sent?.bytes),
  },
  {
    id: 'norm',
    title: 'Length',
    isNumber: true,
    order: ({ sent }) => sent?.norm ?? -1,
    cell: ({ sent }) => sent?.norm?.toPrecision(4) ?? MISSING,
  },
];
