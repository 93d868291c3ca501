/** A spec as `path → text`, arrays of plain values on one line. */
export function flatten(value: unknown, path = ''): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  const walk = (at: unknown, name: string): void => {
    if (Array.isArray(at) || typeof at !== 'object' || at === null) {
      out.set(name, typeof at === 'string' ? at : JSON.stringify(at));
      return;
    }
    for (const [key, child] of Object.entries(at))
      walk(child, name === '' ? key : `${name}.${key}`);
  };
  walk(value, path);
  return out;
}

/** A line of the comparison: one text for each run; undefined where a run has no such setting. */
export interface Compared {
  readonly name: string;
  readonly values: readonly (string | undefined)[];
  readonly differs: boolean;
}

/** Every setting of any run, ascending by name. */
export function compare(runs: readonly ReadonlyMap<string, string>[]): readonly Compared[] {
  const names = [...new Set(runs.flatMap((run) => [...run.keys()]))].sort();
  return names.map((name) => {
    const values = runs.map((run) => run.get(name));
    return { name, values, differs: new Set(values).size > 1 };
  });
}
