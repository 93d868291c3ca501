import { type ReactNode, useState } from 'react';
import { textIn } from '../../parts/text-in.js';

export const ROLES = ['admin', 'researcher', 'auditor', 'site'] as const;

/** Role, and for a site the organisation that it belongs to; read from a form by `roleIn`. */
export function RoleFields(): ReactNode {
  const [role, setRole] = useState('researcher');
  return (
    <>
      <label>
        Role{' '}
        <select name="role" value={role} onChange={({ target }) => setRole(target.value)}>
          {ROLES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {role === 'site' ? (
        <label>
          Organisation <input name="organisation" maxLength={64} required />
        </label>
      ) : null}
    </>
  );
}

export interface WantedRole {
  readonly role: string;
  readonly organisation?: string;
}

export function roleIn(form: FormData): WantedRole {
  const organisation = form.get('organisation');
  const role = textIn(form, 'role');
  return typeof organisation === 'string' ? { role, organisation } : { role };
}
