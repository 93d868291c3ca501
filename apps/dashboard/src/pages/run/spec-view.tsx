import { type ReactNode } from 'react';
import { Link } from 'wouter';
import type { RunView } from '@tallystick/protocol';
import { useData } from '../../api/use-data.js';
import { IdChip } from '../../parts/id-chip.js';
import { Trouble } from '../../parts/trouble.js';

/** The spec as it was hashed, laid out. */
export function SpecView({ view }: { readonly view: RunView }): ReactNode {
  const { value, error } = useData<unknown>(`specs/${view.spec}`);
  if (value === undefined)
    return error === undefined ? <p className="wait">Loading</p> : <Trouble error={error} />;
  return (
    <>
      <p>
        SHA-256 of its canonical JSON: <IdChip id={view.spec} what="spec hash" /> ·{' '}
        <Link href={`/new?from=${view.run}`}>start another run from it</Link>
      </p>
      <pre className="scroll" tabIndex={0} role="region" aria-label="Run spec">
        {JSON.stringify(value, undefined, 2)}
      </pre>
    </>
  );
}
