import type { PeopleView, UserView } from '@tallystick/protocol';
import { type ReactNode, useState } from 'react';
import { send } from '../../api/client.js';
import { useData } from '../../api/use-data.js';
import { Confirm } from '../../parts/confirm.js';
import { Once } from '../../parts/once.js';
import { Trouble } from '../../parts/trouble.js';
import { useAct } from '../../parts/use-act.js';
import { GroupTable } from './group-table.js';
import { NewUser } from './new-user.js';
import { SessionTable } from './session-table.js';
import { TokenTable } from './token-table.js';
import { UserTable } from './user-table.js';

const LOOK_MS = 5_000;

/** Who may sign in, as what, who is signed in now, and with which tokens. */
export default function PeoplePage(): ReactNode {
  const { value, error, reload } = useData<PeopleView>('people', LOOK_MS);
  const { fault, act } = useAct(reload);
  const [made, setMade] = useState<{ readonly name: string; readonly password: string }>();
  const [asked, setAsked] = useState<UserView>();
  const change = ({ id }: UserView, changes: object): void =>
    act(() => send('PATCH', `people/${id}`, changes));
  if (value === undefined)
    return error === undefined ? <p className="wait">Loading</p> : <Trouble error={error} />;
  return (
    <>
      <h1>People</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {fault === undefined ? null : <Trouble error={fault} />}
      <h2>Users</h2>
      {made === undefined ? null : (
        <Once what={`The password of ${made.name}`} secret={made.password} />
      )}
      <UserTable
        users={value.users}
        onRole={(user, role) => change(user, role)}
        onDisable={setAsked}
        onEnable={(user) => change(user, { disabled: false })}
      />
      <NewUser
        onMake={(body) =>
          act(async () => {
            await send<UserView>('POST', 'people', body);
            setMade(body);
          })
        }
      />
      <h2>Groups of the identity provider</h2>
      <GroupTable
        groups={value.groups}
        onPut={(group, role) => act(() => send('PUT', `groups/${encodeURIComponent(group)}`, role))}
        onRemove={(group) => act(() => send('DELETE', `groups/${encodeURIComponent(group)}`))}
      />
      <h2>Sessions</h2>
      <SessionTable
        sessions={value.sessions}
        onEnd={({ id }) => act(() => send('DELETE', `sessions/${id}`))}
      />
      <h2>Tokens</h2>
      <TokenTable
        tokens={value.tokens}
        onRevoke={({ id }) => act(() => send('DELETE', `tokens/${id}`))}
      />
      {asked === undefined ? null : (
        <Confirm
          title={`Disable ${asked.name}?`}
          act="Disable"
          onAct={() => change(asked, { disabled: true })}
          onClose={() => setAsked(undefined)}
        >
          <p>
            Every session and token of {asked.name} ends at once. Runs that {asked.name} launched go
            on.
          </p>
        </Confirm>
      )}
    </>
  );
}
