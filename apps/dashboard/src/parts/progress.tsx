import type { ReactNode } from 'react';

/** How far a run is, as a bar with the numbers beside it. */
export function Progress({
  done,
  of,
  label,
}: {
  readonly done: number;
  readonly of: number;
  readonly label: string;
}): ReactNode {
  return (
    <span className="progress">
      <progress value={done} max={of} aria-label={label} /> {done}/{of}
    </span>
  );
}
