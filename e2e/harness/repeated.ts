/** Every item that equals an earlier one, in the words of `keyOf`: an empty list says that each is there once. */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => string): readonly string[] {
  const keys = items.map(keyOf);
  return keys.filter((key, i) => keys.indexOf(key) < i);
}
