import type { VoidSpan } from '@tallystick/rounds';
import { numberAt, objectAt } from './json.js';

/** `Tally.Voids` of a run, as polkadot-js shows it. */
export function voidSpans(value: unknown): readonly VoidSpan[] {
  return listOf(value).map((span) => {
    const json = objectAt(span, 'tally.voids');
    return { from: numberAt(json, 'from'), until: numberAt(json, 'until') };
  });
}

/** Nothing is an empty list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
