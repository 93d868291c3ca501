import type { Examples } from './dataset.js';

/** All rows of `sets`, one after another. Of one set, that set itself. */
export function poolExamples(sets: readonly Examples[]): Examples {
  const [only] = sets;
  if (only !== undefined && sets.length === 1) return only;
  const rows = sets.reduce((sum, set) => sum + set.rows, 0);
  const x = new Float32Array(sets.reduce((sum, set) => sum + set.x.length, 0));
  const y = new Float32Array(rows);
  let row = 0;
  let at = 0;
  for (const set of sets) {
    x.set(set.x, at);
    y.set(set.y, row);
    at += set.x.length;
    row += set.rows;
  }
  return { x, y, rows };
}
