import type { ReactNode } from 'react';
import { toast } from '../shell/toast.js';

/** A long id: its ends, all of it in the title, and a press copies it. */
export function IdChip({ id, what }: { readonly id: string; readonly what: string }): ReactNode {
  const copy = (): void => {
    navigator.clipboard.writeText(id).then(
      () => toast(`${what} copied`),
      () => toast('this browser does not let the page copy'),
    );
  };
  const short = id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
  return (
    <button
      type="button"
      className="chip"
      title={id}
      aria-label={`Copy ${what} ${short}`}
      onClick={copy}
    >
      {short}
    </button>
  );
}
