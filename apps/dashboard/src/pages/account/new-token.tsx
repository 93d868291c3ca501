import type { NewTokenRequest } from '@tallystick/protocol';
import type { FormEvent, ReactNode } from 'react';
import { textIn } from '../../parts/text-in.js';

interface Props {
  /** What one may do oneself; a token may do no more. */
  readonly scopes: readonly string[];
  readonly onMake: (request: NewTokenRequest) => void;
}

/** A token for a program: what for, how much of what one may do, for how long. */
export function NewToken({ scopes, onMake }: Props): ReactNode {
  const make = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onMake({
      name: textIn(form, 'name'),
      scopes: scopes.filter((scope) => form.getAll('scope').includes(scope)),
      days: Number(textIn(form, 'days')),
    });
  };
  return (
    <form className="sheet" aria-label="New token" onSubmit={make}>
      <label>
        Name <input name="name" maxLength={64} required placeholder="notebook" />
      </label>
      <label>
        Days <input name="days" type="number" min={1} max={365} defaultValue={90} required />
      </label>
      <fieldset>
        <legend>It may</legend>
        {scopes.map((scope) => (
          <label key={scope} className="switch">
            <input
              type="checkbox"
              name="scope"
              value={scope}
              defaultChecked={scope.endsWith('.read') && scope !== 'log.read'}
            />
            {scope}
          </label>
        ))}
      </fieldset>
      <button type="submit">Make a token</button>
    </form>
  );
}
