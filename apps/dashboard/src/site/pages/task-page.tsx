import type { SiteTask, SiteTaskList } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useData } from '../../api/use-data.js';
import { IdChip } from '../../parts/id-chip.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { bytes, count, instant, MISSING, nano } from '../../parts/words.js';
import { askWords } from '../ask-words.js';
import { taskWord } from '../task-word.js';
import type { SitePlaceProps } from './index.js';

const LOOK_MS = 1_000;

/** One task: what was asked, what was sent, and why it was not. */
export default function TaskPage({ params }: SitePlaceProps): ReactNode {
  const { run, round } = params;
  const { value, error } = useData<SiteTaskList>('tasks', LOOK_MS);
  const task = value?.tasks.find((one) => String(one.run) === run && String(one.round) === round);
  return (
    <>
      <p className="path">
        <Link href="/">Tasks</Link>
      </p>
      <div className="title">
        <h1>
          {task?.ask?.name ?? 'Run'} #{run}, round {round}
        </h1>
        {task === undefined ? null : <Status word={taskWord(task)} />}
      </div>
      {error === undefined ? null : <Trouble error={error} />}
      {value !== undefined && task === undefined ? (
        <p className="empty">
          This task is not remembered here; the receipt log may still hold it.
        </p>
      ) : null}
      {task === undefined ? null : <Facts task={task} />}
    </>
  );
}

function Facts({ task }: { readonly task: SiteTask }): ReactNode {
  return (
    <>
      {task.reason === null ? null : (
        <section aria-label="Why">
          <h2>{task.state === 'declined' ? 'Why this site declined' : 'Why it was refused'}</h2>
          <p>
            <strong>{task.reason.code}</strong>: {task.reason.message}.
          </p>
          <p className="note">{task.reason.hint}</p>
        </section>
      )}
      <section aria-label="Asked">
        <h2>What was asked</h2>
        {task.ask === null ? (
          <p className="note">The run’s spec was not read: the task was answered before that.</p>
        ) : (
          <ul className="reasons">
            {askWords(task.ask, task.cohort).map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        )}
      </section>
      <Sent task={task} />
    </>
  );
}

function Sent({ task }: { readonly task: SiteTask }): ReactNode {
  const { sent, ask, askedAtMs, changedAtMs } = task;
  return (
    <section aria-label="Sent">
      <h2>What was sent</h2>
      <dl className="facts">
        <dt>Asked</dt>
        <dd>{instant(askedAtMs)} UTC</dd>
        <dt>Last change</dt>
        <dd>{instant(changedAtMs)} UTC</dd>
        <dt>Rows trained on</dt>
        <dd>{count(sent?.rows)}</dd>
        <dt>Update</dt>
        <dd>
          {sent === null ? (
            'nothing'
          ) : (
            <>
              {bytes(sent.bytes)}, signed {instant(sent.signedAtMs)} UTC{' '}
              <IdChip id={sent.sha256} what="SHA-256 of the update" />
            </>
          )}
        </dd>
        <dt>Length of the update</dt>
        <dd>{sent?.norm?.toPrecision(6) ?? MISSING}</dd>
        <dt>Loss here, before and after</dt>
        <dd>
          {nano(sent?.lossBefore)} → {nano(sent?.lossAfter)}
        </dd>
        <dt>Task</dt>
        <dd>
          <IdChip id={task.task} what="hash of the task" />
        </dd>
        <dt>Run spec</dt>
        <dd>{ask === null ? MISSING : <IdChip id={ask.spec} what="hash of the run spec" />}</dd>
      </dl>
    </section>
  );
}
