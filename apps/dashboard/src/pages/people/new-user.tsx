import type { FormEvent, ReactNode } from 'react';
import { textIn } from '../../parts/text-in.js';
import { RoleFields, roleIn, type WantedRole } from './role-fields.js';

interface NewUserBody extends WantedRole {
  readonly name: string;
  readonly password: string;
}

/** A user with a password that this browser makes up. */
export function NewUser({ onMake }: { readonly onMake: (body: NewUserBody) => void }): ReactNode {
  const make = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onMake({ name: textIn(form, 'name'), ...roleIn(form), password: newPassword() });
  };
  return (
    <form className="sheet" aria-label="New user" onSubmit={make}>
      <label>
        Name <input name="name" maxLength={64} required placeholder="ada" />
      </label>
      <RoleFields />
      <button type="submit">Add the user</button>
    </form>
  );
}

/** 144 random bits. */
function newPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
