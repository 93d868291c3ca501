/** Bytes `start` to `end` (exclusive); `undefined`: all of them; `unsatisfiable`: none of them exist. */
export type WantedRange =
  { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined;

/** Reads a Range header of one range (RFC 9110 §14.2); anything else is ignored, as the RFC allows. */
export function wantedRange(header: string | undefined, size: number): WantedRange {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
