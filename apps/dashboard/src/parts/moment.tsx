import type { ReactNode } from 'react';
import { useNow } from './use-now.js';
import { ago, instant } from './words.js';

/** How long ago something was, or `never`; the instant in the title. */
export function Moment({ at }: { readonly at: string | null }): ReactNode {
  const now = useNow();
  const atMs = at === null ? null : Date.parse(at);
  return <time title={`${instant(atMs)} UTC`}>{ago(atMs, now)}</time>;
}
