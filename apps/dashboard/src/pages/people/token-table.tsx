import type { TokenView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { DataTable } from '../../parts/data-table.js';
import { Moment } from '../../parts/moment.js';

interface Props {
  readonly tokens: readonly TokenView[];
  readonly onRevoke: (token: TokenView) => void;
}

/** Tokens of programs; their texts are nowhere. */
export function TokenTable({ tokens, onRevoke }: Props): ReactNode {
  return (
    <DataTable
      label="Tokens"
      query="tokens"
      rows={tokens}
      keyOf={({ id }) => id}
      empty="No token. Programs sign in with one."
      columns={[
        { id: 'name', title: 'Token', order: ({ name }) => name, cell: ({ name }) => name },
        { id: 'user', title: 'User', order: ({ user }) => user, cell: ({ user }) => user },
        { id: 'scopes', title: 'May do', cell: ({ scopes }) => scopes.join(', ') },
        {
          id: 'used',
          title: 'Last used',
          order: ({ lastUsedAt }) => lastUsedAt ?? '',
          cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} />,
        },
        {
          id: 'ends',
          title: 'Expires',
          order: ({ expiresAt }) => expiresAt,
          cell: ({ expiresAt }) => expiresAt.slice(0, 10),
        },
        {
          id: 'end',
          title: 'Revoke',
          cell: (token) => (
            <button
              type="button"
              className="plain"
              aria-label={`Revoke the token ${token.name} of ${token.user}`}
              onClick={() => onRevoke(token)}
            >
              Revoke
            </button>
          ),
        },
      ]}
    />
  );
}
