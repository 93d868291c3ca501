import type { SessionView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { DataTable } from '../../parts/data-table.js';
import { Moment } from '../../parts/moment.js';

interface Props {
  readonly sessions: readonly SessionView[];
  readonly onEnd: (session: SessionView) => void;
}

/** Signed-in browsers; ending one signs it out at once. */
export function SessionTable({ sessions, onEnd }: Props): ReactNode {
  return (
    <DataTable
      label="Sessions"
      query="sessions"
      rows={sessions}
      keyOf={({ id }) => id}
      empty="Nobody is signed in."
      columns={[
        { id: 'user', title: 'User', order: ({ user }) => user, cell: ({ user }) => user },
        {
          id: 'begun',
          title: 'Signed in',
          order: ({ createdAt }) => createdAt,
          cell: ({ createdAt }) => <Moment at={createdAt} />,
        },
        {
          id: 'seen',
          title: 'Last used',
          order: ({ lastSeenAt }) => lastSeenAt,
          cell: ({ lastSeenAt }) => <Moment at={lastSeenAt} />,
        },
        { id: 'from', title: 'From', cell: ({ address }) => <code>{address}</code> },
        {
          id: 'end',
          title: 'End',
          cell: (session) =>
            session.isCurrent ? (
              'this browser'
            ) : (
              <button
                type="button"
                className="plain"
                aria-label={`End the session of ${session.user} from ${session.address}`}
                onClick={() => onEnd(session)}
              >
                End
              </button>
            ),
        },
      ]}
    />
  );
}
