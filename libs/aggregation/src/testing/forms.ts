import type { UpdateForm } from '../update-form.js';

/** Every codec, dense and sparse. */
export const FORMS: readonly UpdateForm[] = [
  { codec: 'i32' },
  { codec: 'i16' },
  { codec: 'i8' },
  { codec: 'i32', topPpm: 100_000 },
  { codec: 'i16', topPpm: 1 },
  { codec: 'i8', topPpm: 10_000 },
  { codec: 'i8', topPpm: 1_000_000 },
];

/** `i8`, `i8 top 10000`: for the names of tests. */
export function nameOf({ codec, topPpm }: UpdateForm): string {
  return topPpm === undefined ? codec : `${codec} top ${topPpm}`;
}
