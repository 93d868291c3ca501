import type { ReactNode } from 'react';
import { ApiError } from '../api/api-error.js';

/** What went wrong and the one thing to do about it. */
export function Trouble({ error }: { readonly error: unknown }): ReactNode {
  const known = error instanceof ApiError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert" className="trouble">
      <p>
        <strong>{known?.code ?? 'This page failed'}</strong> {message}
      </p>
      <p>
        {known?.hint ?? 'Reload the page; if it happens again, tell the operator what you did.'}
      </p>
    </div>
  );
}
