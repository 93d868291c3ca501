import { type ReactNode, useSyncExternalStore } from 'react';

/** How long a word in passing stays. */
const STAY_MS = 6_000;

let said = '';
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Says something in passing; a newer word takes the place of an older one. */
export function toast(text: string): void {
  clearTimeout(timer);
  said = text;
  timer = setTimeout(() => {
    said = '';
    for (const listener of listeners) listener();
  }, STAY_MS);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function ToastPlace(): ReactNode {
  const text = useSyncExternalStore(subscribe, () => said);
  return (
    <div role="status" className="toast" data-empty={text === ''}>
      {text}
    </div>
  );
}
