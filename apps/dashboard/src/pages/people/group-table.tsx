import type { GroupView } from '@tallystick/protocol';
import type { FormEvent, ReactNode } from 'react';
import { DataTable } from '../../parts/data-table.js';
import { textIn } from '../../parts/text-in.js';
import { MISSING } from '../../parts/words.js';
import { RoleFields, roleIn, type WantedRole } from './role-fields.js';

interface Props {
  readonly groups: readonly GroupView[];
  readonly onPut: (group: string, role: WantedRole) => void;
  readonly onRemove: (group: string) => void;
}

/** Which role a group of the identity provider has; counts at the next sign-in. */
export function GroupTable({ groups, onPut, onRemove }: Props): ReactNode {
  const put = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onPut(textIn(form, 'group'), roleIn(form));
  };
  return (
    <>
      <DataTable
        label="Groups"
        query="groups"
        rows={groups}
        keyOf={({ group }) => group}
        empty="No group has a role: nobody signs in by an identity provider."
        columns={[
          { id: 'group', title: 'Group', order: ({ group }) => group, cell: ({ group }) => group },
          { id: 'role', title: 'Role', order: ({ role }) => role, cell: ({ role }) => role },
          {
            id: 'organisation',
            title: 'Organisation',
            cell: ({ organisation }) => organisation ?? MISSING,
          },
          {
            id: 'end',
            title: 'Take the role',
            cell: ({ group }) => (
              <button
                type="button"
                className="plain"
                aria-label={`Take the role of the group ${group}`}
                onClick={() => onRemove(group)}
              >
                Take
              </button>
            ),
          },
        ]}
      />
      <form className="sheet" aria-label="Role of a group" onSubmit={put}>
        <label>
          Group <input name="group" maxLength={200} required />
        </label>
        <RoleFields />
        <button type="submit">Give the role</button>
      </form>
    </>
  );
}
