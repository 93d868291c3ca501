import type { UserView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { DataTable } from '../../parts/data-table.js';
import { Moment } from '../../parts/moment.js';
import { Status } from '../../parts/status.js';
import { MISSING } from '../../parts/words.js';
import { ROLES, type WantedRole } from './role-fields.js';

interface Props {
  readonly users: readonly UserView[];
  readonly onRole: (user: UserView, role: WantedRole) => void;
  readonly onDisable: (user: UserView) => void;
  readonly onEnable: (user: UserView) => void;
}

/** Every user, with what may be changed about each. */
export function UserTable({ users, onRole, onDisable, onEnable }: Props): ReactNode {
  return (
    <DataTable
      label="Users"
      query="users"
      rows={users}
      keyOf={({ id }) => id}
      empty="Nobody yet."
      columns={[
        { id: 'name', title: 'Name', order: ({ name }) => name, cell: ({ name }) => name },
        {
          id: 'role',
          title: 'Role',
          order: ({ role }) => role,
          cell: (user) => <RoleOf user={user} onRole={(role) => onRole(user, role)} />,
        },
        {
          id: 'organisation',
          title: 'Organisation',
          order: ({ organisation }) => organisation ?? '',
          cell: ({ organisation }) => organisation ?? MISSING,
        },
        {
          id: 'source',
          title: 'Signs in by',
          cell: ({ source }) => (source === 'oidc' ? 'identity provider' : 'password'),
        },
        {
          id: 'made',
          title: 'Added',
          order: ({ createdAt }) => createdAt,
          cell: ({ createdAt }) => <Moment at={createdAt} />,
        },
        {
          id: 'state',
          title: 'State',
          cell: ({ disabledAt }) => <Status word={disabledAt === null ? 'active' : 'disabled'} />,
        },
        {
          id: 'act',
          title: 'Change',
          cell: (user) => (
            <button
              type="button"
              className="plain"
              aria-label={`${user.disabledAt === null ? 'Disable' : 'Enable'} ${user.name}`}
              onClick={() => (user.disabledAt === null ? onDisable(user) : onEnable(user))}
            >
              {user.disabledAt === null ? 'Disable' : 'Enable'}
            </button>
          ),
        },
      ]}
    />
  );
}

/** A site’s organisation is part of its role: it is given by `tally people role`, and a provider’s role by its groups. */
function RoleOf({
  user,
  onRole,
}: {
  readonly user: UserView;
  readonly onRole: (role: WantedRole) => void;
}): ReactNode {
  if (user.source === 'oidc') return user.role;
  return (
    <select
      aria-label={`Role of ${user.name}`}
      value={user.role}
      onChange={({ target }) => onRole({ role: target.value })}
    >
      {ROLES.filter((role) => role !== 'site' || user.role === 'site').map((role) => (
        <option key={role}>{role}</option>
      ))}
    </select>
  );
}
