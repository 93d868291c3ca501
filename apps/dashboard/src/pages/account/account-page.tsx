import type { NewTokenView, SessionList, TokenList } from '@tallystick/protocol';
import { type ReactNode, useCallback, useState } from 'react';
import { send } from '../../api/client.js';
import { useMe } from '../../api/session.js';
import { useData } from '../../api/use-data.js';
import { Once } from '../../parts/once.js';
import { Trouble } from '../../parts/trouble.js';
import { useAct } from '../../parts/use-act.js';
import { SessionTable } from '../people/session-table.js';
import { TokenTable } from '../people/token-table.js';
import { NewToken } from './new-token.js';

const LOOK_MS = 10_000;

/** One's own tokens and sessions. */
export default function AccountPage(): ReactNode {
  const me = useMe();
  const tokens = useData<TokenList>('tokens', LOOK_MS);
  const sessions = useData<SessionList>('sessions', LOOK_MS);
  const [made, setMade] = useState<NewTokenView>();
  const { reload: again } = tokens;
  const { reload: alsoAgain } = sessions;
  const { fault, act } = useAct(
    useCallback(() => {
      again();
      alsoAgain();
    }, [again, alsoAgain]),
  );
  const error = tokens.error ?? sessions.error;
  return (
    <>
      <h1>Your account</h1>
      <div className="strip">
        <span>{me.name}</span>
        <span>
          {me.role}
          {me.organisation === null ? '' : ` of ${me.organisation}`}
        </span>
      </div>
      {error === undefined ? null : <Trouble error={error} />}
      {fault === undefined ? null : <Trouble error={fault} />}
      <h2>Tokens of your programs</h2>
      {made === undefined ? null : <Once what="The token" secret={made.token} />}
      <TokenTable
        tokens={tokens.value?.tokens ?? []}
        onRevoke={({ id }) => act(() => send('DELETE', `tokens/${id}`))}
      />
      {me.kind === 'token' ? (
        <p className="note">A token makes no tokens: sign in by name to make one.</p>
      ) : (
        <NewToken
          scopes={me.permissions}
          onMake={(body) =>
            act(async () => setMade(await send<NewTokenView>('POST', 'tokens', body)))
          }
        />
      )}
      <h2>Your sessions</h2>
      <SessionTable
        sessions={sessions.value?.sessions ?? []}
        onEnd={({ id }) => act(() => send('DELETE', `sessions/${id}`))}
      />
    </>
  );
}
