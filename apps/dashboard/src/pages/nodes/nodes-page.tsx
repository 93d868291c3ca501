import type { NodeList, NodeView } from '@tallystick/protocol';
import { type ReactNode, useState } from 'react';
import { send } from '../../api/client.js';
import { may, useMe } from '../../api/session.js';
import { useData } from '../../api/use-data.js';
import { Confirm } from '../../parts/confirm.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { FindField } from '../../parts/find-field.js';
import { IdChip } from '../../parts/id-chip.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { useAct } from '../../parts/use-act.js';
import { useNow } from '../../parts/use-now.js';
import { useQuery } from '../../parts/use-query.js';
import { ago, count, duration, instant, MISSING, whole } from '../../parts/words.js';
import { Invite } from './invite.js';

const LOOK_MS = 2_000;

/** Who has joined, who is here now, and how fast they were measured. */
export default function NodesPage(): ReactNode {
  const { value, error, reload } = useData<NodeList>('nodes', LOOK_MS);
  const { fault, act } = useAct(reload);
  const [asked, setAsked] = useState<NodeView>();
  const me = useMe();
  const resume = ({ node }: NodeView): void => act(() => send('POST', `nodes/${node}/resume`));
  const [filter, setFilter] = useQuery('find', '');
  const now = useNow();
  const nodes = (value?.nodes ?? []).filter(({ name, organisation }) =>
    `${name} ${organisation.name}`.toLowerCase().includes(filter.toLowerCase()),
  );
  const here = value?.nodes.filter(({ connected }) => connected).length ?? 0;
  return (
    <>
      <h1>Nodes</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {fault === undefined ? null : <Trouble error={fault} />}
      <div className="strip">
        <span>{value === undefined ? 'Loading' : `${here} of ${value.nodes.length} online`}</span>
      </div>
      <FindField value={filter} onChange={setFilter} hint="node or organisation" />
      <DataTable
        label="Nodes"
        rows={nodes}
        columns={[
          ...columnsOf(now),
          ...(may(me, 'node.suspend') ? [actColumn(setAsked, resume)] : []),
        ]}
        keyOf={({ node }) => node}
        empty="No node has joined. An invite is made by `tally node invite <organisation>`."
      />
      {may(me, 'node.invite') ? <Invite /> : null}
      {asked === undefined ? null : (
        <Confirm
          title={`Suspend ${asked.name}?`}
          act="Suspend the node"
          onAct={() => act(() => send('POST', `nodes/${asked.node}/suspend`))}
          onClose={() => setAsked(undefined)}
        >
          <p>
            Its connection ends now, what it works on is lost to the open round, and it is let in
            again when you resume it. On the chain it stays a member: what it earned stays its own.
          </p>
        </Confirm>
      )}
    </>
  );
}

function actColumn(
  onSuspend: (node: NodeView) => void,
  onResume: (node: NodeView) => void,
): Column<NodeView> {
  return {
    id: 'act',
    title: 'Change',
    cell: (node) =>
      node.status === 'active' || node.status === 'suspended' ? (
        <button
          type="button"
          className="plain"
          aria-label={`${node.status === 'active' ? 'Suspend' : 'Resume'} ${node.name}`}
          onClick={() => (node.status === 'active' ? onSuspend : onResume)(node)}
        >
          {node.status === 'active' ? 'Suspend' : 'Resume'}
        </button>
      ) : (
        MISSING
      ),
  };
}

function columnsOf(now: number): readonly Column<NodeView>[] {
  return [
    {
      id: 'name',
      title: 'Node',
      order: ({ name }) => name,
      cell: ({ name, node }) => (
        <>
          {name} <small className="muted">#{node}</small>
        </>
      ),
    },
    {
      id: 'organisation',
      title: 'Organisation',
      order: ({ organisation }) => organisation.name,
      cell: ({ organisation }) => organisation.name,
    },
    {
      id: 'here',
      title: 'Now',
      order: ({ connected }) => (connected ? 0 : 1),
      cell: ({ connected }) => <Status word={connected ? 'online' : 'offline'} />,
    },
    {
      id: 'seen',
      title: 'Last seen',
      order: ({ lastSeenAtMs }) => -(lastSeenAtMs ?? 0),
      cell: ({ lastSeenAtMs }) => (
        <time title={`${instant(lastSeenAtMs)} UTC`}>{ago(lastSeenAtMs, now)}</time>
      ),
    },
    {
      id: 'status',
      title: 'Membership',
      order: ({ status }) => status,
      cell: ({ status }) =>
        status === 'active' ? <Status word="accepted" /> : <Status word={status} />,
    },
    {
      id: 'speed',
      title: 'Measured round',
      isNumber: true,
      order: ({ roundMs }) => roundMs ?? Number.MAX_VALUE,
      cell: ({ roundMs }) => duration(roundMs),
    },
    {
      id: 'strikes',
      title: 'Strikes',
      isNumber: true,
      order: ({ strikes }) => strikes,
      cell: ({ strikes }) => count(strikes),
    },
    {
      id: 'cap',
      title: 'Example cap',
      isNumber: true,
      order: ({ cap }) => Number(cap),
      cell: ({ cap }) => whole(cap),
    },
    {
      id: 'joined',
      title: 'Joined',
      order: ({ joinedAtMs }) => joinedAtMs,
      cell: ({ joinedAtMs }) => instant(joinedAtMs).slice(0, 10),
    },
    {
      id: 'key',
      title: 'Key',
      cell: ({ key, name }) => <IdChip id={key} what={`key of ${name}`} />,
    },
  ];
}
