import type { RunSpec } from '@tallystick/protocol';

/** The fields of a run spec as `path → JSON text`: objects by dots, lists by position. */
export function flatSpec(spec: RunSpec): readonly (readonly [string, string])[] {
  return flat('', spec);
}

function flat(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) {
    return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    inner === undefined ? [] : flat(path === '' ? key : `${path}.${key}`, inner),
  );
}
