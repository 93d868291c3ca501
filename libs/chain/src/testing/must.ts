/** The value a test relies on. */
export function must<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new TypeError('the test expected a value here');
  return value;
}
